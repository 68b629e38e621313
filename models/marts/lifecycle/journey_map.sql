with periods as (

    select * from {{ ref('int_stage_periods') }}

),

stages as (

    select * from {{ ref('dim_framework_stages') }}

),

{# a person who answers often is one person: the mean of each first #}
emotions as (

    select
        facts.period,
        facts.stage_number,
        {{ journey_cube_columns() }},
        sum(cast(facts.first_number as double) / cast(facts.second_number as double)) / count(*) as emotion_score,
        cast(sum(facts.second_number) as bigint) as emotion_responses
    from {{ ref('int_stage_facts') }} as facts
    inner join {{ ref('int_journey_persons') }} as persons on facts.person_number = persons.person_number
    where facts.fact_type = 'emotion'
    {{ journey_cube('facts.period, facts.stage_number') }}

)

select
    {{ keyed_hash(["'journey_map'", 'periods.period', 'periods.framework', 'periods.stage', 'periods.customer_type', 'periods.persona']) }}
        as journey_map_key,
    periods.period,
    periods.framework,
    periods.stage,
    periods.customer_type,
    periods.persona,
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
    coalesce(emotions.emotion_responses, 0) as emotion_responses,
    stages.department,
    stages.kpi_name,
    stages.kpi_name_vi,
    cast(kpis.numerator as decimal(38, 6)) as kpi_numerator,
    cast(kpis.denominator as decimal(38, 6)) as kpi_denominator,
    kpis.value as kpi_value
from periods
inner join stages
    on periods.framework = stages.framework
    and periods.stage = stages.stage
inner join {{ ref('int_journey_stages') }} as numbers
    on periods.framework = numbers.framework
    and periods.stage = numbers.stage
left join emotions
    on periods.period = emotions.period
    and numbers.stage_number = emotions.stage_number
    and periods.customer_type = emotions.customer_type
    and periods.persona = emotions.persona
left join {{ ref('int_stage_kpis') }} as kpis
    on periods.period = kpis.period
    and periods.framework = kpis.framework
    and periods.stage = kpis.stage
    and periods.customer_type = kpis.customer_type
    and periods.persona = kpis.persona
    and stages.kpi = kpis.kpi
