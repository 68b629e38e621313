-- revenue of orders, deals and subscriptions for each unit of spend, by each model; channels with 30 conversions or more.
-- Spend is the same whatever type of conversion it is held against, so it is taken once.
with channels as (
    select
        attribution_model, channel, sum(conversions) as conversions,
        sum(revenue) / nullif(sum(spend) filter (where conversion_type = 'order'), 0) as roas
    from marts.attribution_performance
    where month_basis = 'touch_month' and is_mature and conversion_type in ('order', 'deal_won', 'subscription_started')
    group by attribution_model, channel
),

ranked as (
    select *, row_number() over (partition by attribution_model order by roas desc, channel) as place
    from channels
    where roas is not null and conversions >= 30
),

best as (
    select
        channel, count(*) filter (where place = 1) as models_first, min(roas) as roas_low, max(roas) as roas_high,
        max(roas) filter (where attribution_model = 'last_touch') as roas,
        max(conversions) filter (where attribution_model = 'last_touch') as conversions
    from ranked
    group by channel
)

select best.*, (select count(distinct attribution_model) from channels) as models, dim.label_en, dim.label_vi
from best
inner join marts.dim_channels as dim using (channel)
where best.roas is not null
order by best.roas desc, best.channel
limit 1
