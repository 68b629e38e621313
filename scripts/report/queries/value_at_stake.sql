-- what keeping the share opportunity_share of those lost in a stage whose pain is known would bring; shares as on the funnel's page
with worth as (
    select stage, sum(value) as value
    from marts.journey_map_items
    where
        period = 'all' and customer_type = 'all' and persona = 'all' and item_type = 'opportunity'
        and framework = (select framework from marts.dim_frameworks where is_primary)
    group by stage
)

select
    funnel.label_en, funnel.label_vi, worth.value, funnel.dropped, funnel.entered, 1 - funnel.conversion_rate as drop_off_rate,
    1 - funnel.rate_high as drop_off_rate_low, 1 - funnel.rate_low as drop_off_rate_high
from marts.kpi_funnel as funnel
inner join worth on funnel.stage = worth.stage
where
    funnel.cohort = 'all' and funnel.dimension = 'all' and worth.value > 0 and funnel.dropped >= 5 and funnel.conversion_rate is not null
    and funnel.framework = (select framework from marts.dim_frameworks where is_primary)
order by worth.value desc, funnel.rank
