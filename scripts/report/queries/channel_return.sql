-- months whose touches have had their time to lead somewhere; rates recomputed from sums
select
    performance.conversion_type, performance.attribution_model, performance.channel, channels.label_en, channels.label_vi, channels.ownership = 'paid' as is_paid,
    sum(performance.spend) as spend, sum(performance.conversions) as conversions, sum(performance.revenue) as revenue,
    sum(performance.revenue) / nullif(sum(performance.spend), 0) as roas,
    sum(performance.spend) / nullif(sum(performance.conversions), 0) as cost_per_conversion
from marts.attribution_performance as performance
inner join marts.dim_channels as channels using (channel)
where performance.month_basis = 'touch_month' and performance.is_mature
group by all
having sum(performance.spend) > 0
order by performance.conversion_type, performance.attribution_model, roas desc nulls last, performance.channel
