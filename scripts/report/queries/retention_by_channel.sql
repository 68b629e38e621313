-- rates recomputed over cohorts that have reached the age
select
    retention.dimension_value as channel, channels.label_en, channels.label_vi, retention.months_since, sum(retention.customers) as customers,
    sum(retention.active) as active, sum(retention.active) * 1.0 / sum(retention.customers) as retention_rate
from marts.kpi_retention as retention
inner join marts.dim_channels as channels on retention.dimension_value = channels.channel
where retention.dimension = 'first_channel' and retention.is_complete and retention.months_since in (1, 3, 6, 12)
group by all
having sum(retention.customers) >= 5
order by retention.months_since, retention_rate desc, channel
