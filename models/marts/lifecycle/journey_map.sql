with periods as (

    select * from {{ ref('int_stage_periods') }}

),

stages as (

    select * from {{ ref('dim_framework_stages') }}

),

cells as (

    select distinct
        cube_key,
        customer_type,
        persona
    from {{ ref('int_journey_segments') }}

),

emotions as (

    select * from {{ ref('int_stage_emotions') }}
    where fact_type = 'emotion'

)

select
    {{ period_name('periods.period') }} as period,
    numbers.framework,
    numbers.stage,
    cells.customer_type,
    cells.persona,
    periods.persons,
    periods.entered,
    periods.converted,
    periods.dropped,
    periods.is_mature,
    case
        when numbers.has_later_stage and periods.is_mature
            then cast(periods.converted as double) / nullif(periods.converted + periods.dropped, 0)
    end as conversion_rate,
    case
        when numbers.has_later_stage and periods.is_mature
            then cast(periods.dropped as double) / nullif(periods.converted + periods.dropped, 0)
    end as drop_off_rate,
    periods.median_hours,
    emotions.emotion_score,
    coalesce(emotions.responses, 0) as emotion_responses,
    stages.department,
    stages.kpi_name,
    stages.kpi_name_vi,
    cast(kpis.numerator as decimal(38, 6)) as kpi_numerator,
    cast(kpis.denominator as decimal(38, 6)) as kpi_denominator,
    kpis.value as kpi_value
from periods
inner join cells on periods.cube_key = cells.cube_key
inner join {{ ref('int_framework_stages') }} as numbers on periods.stage_number = numbers.stage_number
inner join stages
    on numbers.framework = stages.framework
    and numbers.stage = stages.stage
left join emotions
    on periods.period = emotions.period
    and periods.stage_number = emotions.stage_number
    and periods.cube_key = emotions.cube_key
left join {{ ref('int_stage_kpis') }} as kpis
    on periods.period = kpis.period
    and periods.stage_number = kpis.stage_number
    and periods.cube_key = kpis.cube_key
    and stages.kpi = kpis.kpi
{{ in_order_of('numbers.stage_number, cells.customer_type, cells.persona, periods.period') }}
