{%- set labels = {'direction': 'stage_direction', 'dimension_value': 'dimension'} -%}

with stages as (

    select
        numbers.stage_number,
        stages.framework,
        stages.stage,
        stages.rank,
        stages.label_en,
        stages.label_vi
    from {{ ref('int_framework_stages') }} as numbers
    inner join {{ ref('dim_framework_stages') }} as stages
        on numbers.framework = stages.framework
        and numbers.stage = stages.stage

),

counted as (

    select * from {{ ref('int_stage_flows') }}

)

select
    {{ period_name('counted.period') }} as period,
    before.framework,
    before.stage as from_stage,
    after.stage as to_stage,
    counted.direction,
    counted.dimension,
    counted.dimension_value,
    {{ period_type_of('counted.period') }} as period_type,
    {{ label_columns(labels, 'counted') }},
    before.rank as from_rank,
    before.label_en as from_label_en,
    before.label_vi as from_label_vi,
    after.rank as to_rank,
    after.label_en as to_label_en,
    after.label_vi as to_label_vi,
    counted.transitions,
    counted.persons,
    counted.median_microseconds / cast(3600000000 as double) as median_hours
from {{ with_labels('counted', labels) }} as counted
inner join stages as before on counted.from_stage_number = before.stage_number
inner join stages as after on counted.to_stage_number = after.stage_number
{{ in_order_of('before.framework, counted.dimension, counted.dimension_value, before.stage, after.stage, counted.period') }}
