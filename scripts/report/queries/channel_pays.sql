-- revenue of orders, deals and subscriptions; spend is the same whatever type of conversion it is held against, so it is taken once
select
    performance.attribution_model, performance.channel, channels.label_en, channels.label_vi, channels.ownership = 'paid' as is_paid,
    sum(performance.spend) filter (where performance.conversion_type = 'order') as spend, sum(performance.conversions) as conversions,
    sum(performance.revenue) as revenue,
    sum(performance.revenue) / sum(performance.spend) filter (where performance.conversion_type = 'order') as roas
from marts.attribution_performance as performance
inner join marts.dim_channels as channels using (channel)
where
    performance.month_basis = 'touch_month' and performance.is_mature
    and performance.conversion_type in ('order', 'deal_won', 'subscription_started')
group by all
having sum(performance.spend) > 0
order by performance.attribution_model, roas desc, performance.channel
