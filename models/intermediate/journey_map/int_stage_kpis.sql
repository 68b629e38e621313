with counted as (

    select
        numbers.period,
        numbers.stage_number,
        segments.cube_key,
        items.item as kpi,
        sum(numbers.first_number) as numerator,
        sum(numbers.second_number) as denominator
    from {{ ref('int_stage_items') }} as numbers
    inner join {{ ref('int_journey_items') }} as items on numbers.item_key = items.item_key
    inner join {{ ref('int_journey_segments') }} as segments on numbers.segment_key = segments.segment_key
    where items.fact_type = 'kpi'
    group by numbers.period, numbers.stage_number, segments.cube_key, items.item

),

periods as (

    select * from {{ ref('int_stage_periods') }}

),

{# KPIs per person are divided by all persons who were in the stage, not by those with a fact #}
kpis as (

    select
        periods.period,
        periods.stage_number,
        periods.cube_key,
        counted.kpi,
        counted.numerator,
        case
            when counted.kpi in ('revenue_per_person', 'referrals_per_person', 'meetings_per_person')
                then cast(periods.persons as decimal(28, 12))
            else counted.denominator
        end as denominator
    from counted
    inner join periods
        on counted.period = periods.period
        and counted.stage_number = periods.stage_number
        and counted.cube_key = periods.cube_key
    union all
    select
        period,
        stage_number,
        cube_key,
        'conversion_rate' as kpi,
        cast(mature_converted as decimal(28, 12)) as numerator,
        cast(mature_entered as decimal(28, 12)) as denominator
    from periods
    where mature_entered > 0
    union all
    select
        period,
        stage_number,
        cube_key,
        'persons_entered' as kpi,
        cast(entered as decimal(28, 12)) as numerator,
        cast(1 as decimal(28, 12)) as denominator
    from periods

)

select
    *,
    cast(numerator as double) / nullif(cast(denominator as double), 0) as value
from kpis
