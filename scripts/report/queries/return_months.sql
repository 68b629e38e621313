-- revenue of orders, deals and subscriptions; spend is the same whatever type of conversion it is held against, so it is taken once
select
    performance.attribution_model, performance.month_start, bool_and(performance.is_mature) as is_mature,
    sum(performance.spend) filter (where performance.conversion_type = 'order') as spend, sum(performance.conversions) as conversions,
    sum(performance.revenue) as revenue,
    sum(performance.revenue) / nullif(sum(performance.spend) filter (where performance.conversion_type = 'order'), 0) as roas
from marts.attribution_performance as performance
inner join marts.dim_channels as channels using (channel)
where
    performance.month_basis = 'touch_month' and channels.ownership = 'paid'
    and performance.conversion_type in ('order', 'deal_won', 'subscription_started')
group by performance.attribution_model, performance.month_start
having bool_and(performance.is_mature) and sum(performance.spend) > 0
order by performance.attribution_model, performance.month_start
