with types as (

    select * from {{ ref('touchpoint_types') }}

),

touches as (

    select
        period,
        stage_number,
        person_number,
        fact_type,
        item as touchpoint_type,
        first_number,
        second_number
    from {{ ref('int_stage_facts') }}
    where fact_type in ('touchpoint', 'attributed')

),

{# a survey names the touchpoint it asks about in its own words, perhaps in several: whoever used two of them is one person #}
answers as (

    select
        facts.period,
        facts.stage_number,
        facts.person_number,
        facts.fact_type,
        coalesce(survey_touchpoints.touchpoint_type, facts.item) as touchpoint_type,
        sum(facts.first_number) as first_number,
        sum(facts.second_number) as second_number
    from {{ ref('int_stage_facts') }} as facts
    left join {{ ref('survey_touchpoints') }} as survey_touchpoints on facts.item = survey_touchpoints.touchpoint
    where facts.fact_type = 'touchpoint_emotion'
    group by
        facts.period, facts.stage_number, facts.person_number, facts.fact_type,
        coalesce(survey_touchpoints.touchpoint_type, facts.item)

),

named as (

    select
        facts.*,
        persons.customer_type,
        persons.persona
    from (
        select * from touches
        union all
        select * from answers
    ) as facts
    inner join {{ ref('int_journey_persons') }} as persons on facts.person_number = persons.person_number

),

counted as (

    select
        period,
        stage_number,
        {{ journey_cube_columns() }},
        touchpoint_type,
        cast(coalesce(sum(first_number) filter (where fact_type = 'touchpoint'), 0) as bigint) as touches,
        count(*) filter (where fact_type = 'touchpoint') as persons,
        sum(cast(first_number as double) / cast(second_number as double)) filter (where fact_type = 'touchpoint_emotion')
        / nullif(count(*) filter (where fact_type = 'touchpoint_emotion'), 0) as emotion_score,
        cast(coalesce(sum(second_number) filter (where fact_type = 'touchpoint_emotion'), 0) as bigint) as responses,
        coalesce(sum(first_number) filter (where fact_type = 'attributed'), 0) as attributed_conversions
    from named
    {{ journey_cube('period, stage_number, touchpoint_type') }}

)

select
    {{ keyed_hash(["'journey_map_touchpoint'", 'counted.period', 'stages.framework', 'stages.stage', 'counted.customer_type',
        'counted.persona', 'counted.touchpoint_type']) }} as journey_map_touchpoint_key,
    counted.period,
    stages.framework,
    stages.stage,
    counted.customer_type,
    counted.persona,
    counted.touchpoint_type,
    counted.touches,
    counted.persons,
    counted.emotion_score,
    counted.responses,
    kpi_labels.label_en as kpi_name,
    kpi_labels.label_vi as kpi_name_vi,
    kpis.value as kpi_value,
    cast(counted.attributed_conversions as decimal(38, 6)) as attributed_conversions
from counted
inner join {{ ref('int_journey_stages') }} as stages on counted.stage_number = stages.stage_number
left join types on counted.touchpoint_type = types.touchpoint_type
left join {{ ref('stage_kpis') }} as kpi_labels on types.kpi = kpi_labels.kpi
left join {{ ref('int_stage_kpis') }} as kpis
    on counted.period = kpis.period
    and stages.framework = kpis.framework
    and stages.stage = kpis.stage
    and counted.customer_type = kpis.customer_type
    and counted.persona = kpis.persona
    and types.kpi = kpis.kpi
