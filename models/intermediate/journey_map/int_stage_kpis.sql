with counted as (

    select
        period,
        stage_number,
        {{ journey_cube_columns() }},
        item as kpi,
        sum(first_number) as numerator,
        sum(second_number) as denominator
    from {{ ref('int_stage_items') }}
    where fact_type = 'kpi'
    {{ journey_cube('period, stage_number, item') }}

),

periods as (

    select * from {{ ref('int_stage_periods') }}

),

{# what is counted a person has the persons who were there below it #}
kpis as (

    select
        periods.period,
        periods.stage_number,
        periods.customer_type,
        periods.persona,
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
        and counted.customer_type = periods.customer_type
        and counted.persona = periods.persona
    union all
    select
        period,
        stage_number,
        customer_type,
        persona,
        'conversion_rate' as kpi,
        cast(converted as decimal(28, 12)) as numerator,
        cast(converted + dropped as decimal(28, 12)) as denominator
    from periods
    where is_mature
    union all
    select
        period,
        stage_number,
        customer_type,
        persona,
        'persons_entered' as kpi,
        cast(entered as decimal(28, 12)) as numerator,
        cast(1 as decimal(28, 12)) as denominator
    from periods

)

select
    *,
    cast(numerator as double) / nullif(cast(denominator as double), 0) as value
from kpis
