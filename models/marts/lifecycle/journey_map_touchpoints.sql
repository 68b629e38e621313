with types as (

    select * from {{ ref('touchpoint_types') }}

),

touches as (

    select
        period,
        stage_number,
        {{ journey_cube_columns() }},
        item as touchpoint_type,
        sum(case when fact_type = 'touchpoint' then first_number else 0 end) as touches,
        sum(case when fact_type = 'touchpoint' then persons else 0 end) as persons,
        sum(case when fact_type = 'attributed' then first_number else 0 end) as attributed_conversions
    from {{ ref('int_stage_items') }}
    where fact_type in ('touchpoint', 'attributed')
    {{ journey_cube('period, stage_number, item') }}

),

emotions as (

    select * from {{ ref('int_stage_emotions') }}
    where fact_type = 'touchpoint_emotion'

),

{# touchpoints that were touched, and those that answers speak of #}
counted as (

    select
        coalesce(touches.period, emotions.period) as period,
        coalesce(touches.stage_number, emotions.stage_number) as stage_number,
        coalesce(touches.customer_type, emotions.customer_type) as customer_type,
        coalesce(touches.persona, emotions.persona) as persona,
        coalesce(touches.touchpoint_type, emotions.item) as touchpoint_type,
        cast(coalesce(touches.touches, 0) as bigint) as touches,
        cast(coalesce(touches.persons, 0) as bigint) as persons,
        emotions.emotion_score,
        coalesce(emotions.responses, 0) as responses,
        coalesce(touches.attributed_conversions, 0) as attributed_conversions
    from touches
    full outer join emotions
        on touches.period = emotions.period
        and touches.stage_number = emotions.stage_number
        and touches.customer_type = emotions.customer_type
        and touches.persona = emotions.persona
        and touches.touchpoint_type = emotions.item

)

select
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
inner join {{ ref('int_framework_stages') }} as stages on counted.stage_number = stages.stage_number
left join types on counted.touchpoint_type = types.touchpoint_type
left join {{ ref('stage_kpis') }} as kpi_labels on types.kpi = kpi_labels.kpi
left join {{ ref('int_stage_kpis') }} as kpis
    on counted.period = kpis.period
    and counted.stage_number = kpis.stage_number
    and counted.customer_type = kpis.customer_type
    and counted.persona = kpis.persona
    and types.kpi = kpis.kpi
order by stages.framework, counted.stage_number, counted.customer_type, counted.persona, counted.touchpoint_type, counted.period
