-- the stage of the company's own framework in which keeping those whose pain is known would bring most; shares as on the funnel's page
with worth as (
    select stage, sum(value) as value
    from marts.journey_map_items
    where
        period = 'all' and customer_type = 'all' and persona = 'all' and item_type = 'opportunity'
        and framework = (select framework from marts.dim_frameworks where is_primary)
    group by stage
)

select
    funnel.stage, funnel.label_en, funnel.label_vi, funnel.dropped, funnel.entered, 1 - funnel.conversion_rate as drop_off_rate,
    1 - funnel.rate_high as drop_low, 1 - funnel.rate_low as drop_high, worth.value
from marts.kpi_funnel as funnel
inner join worth on funnel.stage = worth.stage
where
    funnel.cohort = 'all' and funnel.dimension = 'all' and funnel.conversion_rate is not null and worth.value > 0
    and funnel.framework = (select framework from marts.dim_frameworks where is_primary)
order by worth.value desc, funnel.rank
limit 1
