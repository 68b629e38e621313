-- a path's first and last quarter of touches, rounded up, are early and late; one touch alone is late, as in Google Analytics.
-- The linear model gives credit to every touch, so it knows the whole path.
with touches as (
    select
        attribution.conversion_id, attribution.touchpoint_id, count(*) over (partition by attribution.conversion_id) as touches,
        row_number() over (partition by attribution.conversion_id order by touchpoints.touched_at, touchpoints.touchpoint_id) as place
    from marts.fct_attribution as attribution
    inner join marts.fct_touchpoints as touchpoints using (touchpoint_id)
    where attribution.attribution_model = 'linear'
),

credits as (
    select
        conversions.conversion_type, attribution.attribution_model, attribution.channel, attribution.credit,
        case
            when touches.place > touches.touches - ceil(touches.touches / 4) then 'late'
            when touches.place <= ceil(touches.touches / 4) then 'early'
            else 'middle'
        end as part
    from marts.fct_attribution as attribution
    inner join touches using (conversion_id, touchpoint_id)
    inner join marts.fct_conversions as conversions using (conversion_id)
)

select
    credits.conversion_type, credits.attribution_model, credits.channel, channels.label_en, channels.label_vi,
    coalesce(sum(credits.credit) filter (where credits.part = 'early'), 0) as early_credit,
    coalesce(sum(credits.credit) filter (where credits.part = 'middle'), 0) as middle_credit,
    coalesce(sum(credits.credit) filter (where credits.part = 'late'), 0) as late_credit
from credits
inner join marts.dim_channels as channels using (channel)
group by all
having count(*) >= 5
order by credits.conversion_type, credits.attribution_model, sum(credits.credit) desc, credits.channel
