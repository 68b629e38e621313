{%- set labels = {'touchpoint_type': 'touchpoint_type'} -%}

with types as (

    select * from {{ ref('touchpoint_types') }}

),

segments as (

    select * from {{ ref('int_journey_segments') }}

),

cells as (

    select distinct
        cube_key,
        customer_type,
        persona
    from segments

),

touches as (

    select
        numbers.period,
        numbers.stage_number,
        segments.cube_key,
        items.item as touchpoint_type,
        sum(case when items.fact_type = 'touchpoint' then numbers.first_number else 0 end) as touches,
        sum(case when items.fact_type = 'touchpoint' then numbers.persons else 0 end) as persons,
        sum(case when items.fact_type = 'attributed' then numbers.first_number else 0 end) as attributed_conversions
    from {{ ref('int_stage_items') }} as numbers
    inner join {{ ref('int_journey_items') }} as items on numbers.item_key = items.item_key
    inner join segments on numbers.segment_key = segments.segment_key
    where items.fact_type in ('touchpoint', 'attributed')
    group by numbers.period, numbers.stage_number, segments.cube_key, items.item

),

emotions as (

    select * from {{ ref('int_stage_emotions') }}
    where fact_type = 'touchpoint_emotion'

),

{# full join: a touchpoint may have touches without answers, or answers without touches #}
counted as (

    select
        coalesce(touches.period, emotions.period) as period,
        coalesce(touches.stage_number, emotions.stage_number) as stage_number,
        coalesce(touches.cube_key, emotions.cube_key) as cube_key,
        coalesce(touches.touchpoint_type, emotions.item) as touchpoint_type,
        cast(coalesce(touches.touches, 0) as bigint) as touches,
        cast(coalesce(touches.persons, 0) as bigint) as persons,
        case when emotions.is_enough then emotions.emotion_score end as emotion_score,
        coalesce(emotions.responses, 0) as responses,
        coalesce(touches.attributed_conversions, 0) as attributed_conversions
    from touches
    full outer join emotions
        on touches.period = emotions.period
        and touches.stage_number = emotions.stage_number
        and touches.cube_key = emotions.cube_key
        and touches.touchpoint_type = emotions.item

)

select
    {{ period_name('counted.period') }} as period,
    stages.framework,
    stages.stage,
    cells.customer_type,
    cells.persona,
    counted.touchpoint_type,
    {{ period_type_of('counted.period') }} as period_type,
    {{ joined_labels('stage', 'stages.stage', ranked=true) }},
    {{ label_columns(labels, 'counted') }},
    counted.touches,
    counted.persons,
    counted.emotion_score,
    counted.responses,
    kpi_labels.label_en as kpi_name,
    kpi_labels.label_vi as kpi_name_vi,
    kpis.value as kpi_value,
    cast(counted.attributed_conversions as decimal(38, 6)) as attributed_conversions
from {{ with_labels('counted', labels) }} as counted
inner join cells on counted.cube_key = cells.cube_key
inner join {{ ref('int_framework_stages') }} as stages on counted.stage_number = stages.stage_number
{{ join_labels('stage', "'framework_stage'", "stages.framework || '.' || stages.stage") }}
left join types on counted.touchpoint_type = types.touchpoint_type
left join {{ ref('stage_kpis') }} as kpi_labels on types.kpi = kpi_labels.kpi
left join {{ ref('int_stage_kpis') }} as kpis
    on counted.period = kpis.period
    and counted.stage_number = kpis.stage_number
    and counted.cube_key = kpis.cube_key
    and types.kpi = kpis.kpi
{{ in_order_of('counted.stage_number, cells.customer_type, cells.persona, counted.touchpoint_type, counted.period') }}
