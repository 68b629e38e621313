select
    performance.conversion_type, performance.attribution_model, performance.month_start, performance.channel,
    channels.label_en, channels.label_vi, bool_and(performance.is_mature) as is_mature, sum(performance.conversions) as conversions,
    sum(performance.revenue) as revenue, sum(performance.spend) as spend
from marts.attribution_performance as performance
inner join marts.dim_channels as channels using (channel)
where performance.month_basis = 'conversion_month'
group by all
having sum(performance.conversions) > 0 or sum(performance.spend) > 0
order by performance.conversion_type, performance.attribution_model, performance.month_start, performance.channel
