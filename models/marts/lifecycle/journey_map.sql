with periods as (

    select
        periods.*,
        case
            when numbers.has_later_stage then cast(periods.mature_converted as double) / nullif(periods.mature_entered, 0)
        end as rate,
        case
            when numbers.has_later_stage
                then cast(periods.mature_entered - periods.mature_converted as double) / nullif(periods.mature_entered, 0)
        end as drop_off_rate
    from {{ ref('int_stage_periods') }} as periods
    inner join {{ ref('int_framework_stages') }} as numbers on periods.stage_number = numbers.stage_number

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
    where fact_type = 'emotion' and item = 'all'

)

select
    {{ period_name('periods.period') }} as period,
    numbers.framework,
    numbers.stage,
    cells.customer_type,
    cells.persona,
    {{ period_type_of('periods.period') }} as period_type,
    stages.rank,
    stages.label_en,
    stages.label_vi,
    periods.persons,
    periods.entered,
    periods.converted,
    periods.dropped,
    periods.is_mature,
    periods.rate as conversion_rate,
    {{ wilson_bound('periods.rate', 'periods.mature_entered', '-') }} as rate_low,
    {{ wilson_bound('periods.rate', 'periods.mature_entered', '+') }} as rate_high,
    periods.drop_off_rate,
    case when numbers.has_later_stage then periods.median_hours_to_next end as median_hours_to_next,
    periods.median_hours_in_stage,
    case when emotions.is_enough then emotions.emotion_score end as emotion_score,
    case when emotions.is_enough then emotions.emotion_low end as emotion_low,
    case when emotions.is_enough then emotions.emotion_high end as emotion_high,
    coalesce(emotions.responses, 0) as emotion_responses,
    stages.department,
    stages.department_rank,
    stages.department_label_en,
    stages.department_label_vi,
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
