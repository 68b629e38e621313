-- every touch of a conversion's path counts alike here: where on the way a channel stands
with touches as (
    select
        conversions.conversion_type, attribution.channel, attribution.conversion_id,
        row_number() over (partition by attribution.conversion_id order by touchpoints.touched_at, touchpoints.touchpoint_id) as place,
        count(*) over (partition by attribution.conversion_id) as touches
    from marts.fct_attribution as attribution
    inner join marts.fct_touchpoints as touchpoints using (touchpoint_id)
    inner join marts.fct_conversions as conversions on attribution.conversion_id = conversions.conversion_id
    where attribution.attribution_model = 'linear'
)

select
    touches.conversion_type, touches.channel, channels.label_en, channels.label_vi,
    count(*) filter (where touches.touches = 1) as only_touch,
    count(*) filter (where touches.touches > 1 and touches.place = 1) as first,
    count(*) filter (where touches.touches > 1 and touches.place > 1 and touches.place < touches.touches) as middle,
    count(*) filter (where touches.touches > 1 and touches.place = touches.touches) as last
from touches
inner join marts.dim_channels as channels using (channel)
group by all
having count(*) >= 5
order by touches.conversion_type, count(*) desc, touches.channel
