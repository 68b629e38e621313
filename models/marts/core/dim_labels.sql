with labels as (

    select
        1 as source_number,
        'channel' as kind,
        channel as value,
        cast(null as decimal(4, 1)) as rank,
        label_en as label_en,
        label_vi as label_vi
    from {{ ref('channels') }}
    union all
    select
        1 as source_number,
        'touchpoint_type' as kind,
        touchpoint_type as value,
        cast(null as decimal(4, 1)) as rank,
        label_en as label_en,
        label_vi as label_vi
    from {{ ref('touchpoint_types') }}
    union all
    select
        1 as source_number,
        'persona' as kind,
        persona as value,
        cast(null as decimal(4, 1)) as rank,
        label_en as label_en,
        label_vi as label_vi
    from {{ ref('personas') }}
    union all
    select
        1 as source_number,
        'stage_definition' as kind,
        stage as value,
        cast(null as decimal(4, 1)) as rank,
        label_en as label_en,
        label_vi as label_vi
    from {{ ref('stage_labels') }}
    union all
    select
        1 as source_number,
        'framework_stage' as kind,
        framework_stage_key as value,
        rank as rank,
        label_en as label_en,
        label_vi as label_vi
    from {{ ref('dim_framework_stages') }}
    union all
    select
        1 as source_number,
        'stage' as kind,
        stage as value,
        rank as rank,
        label_en as label_en,
        label_vi as label_vi
    from {{ ref('dim_framework_stages') }}
    where framework = '{{ setting('primary_framework') }}'
    union all
    select
        2 as source_number,
        kind as kind,
        value as value,
        rank as rank,
        label_en as label_en,
        label_vi as label_vi
    from {{ ref('value_labels') }}
    union all
    {# a survey touchpoint without a label of its own has the label of its touchpoint type #}
    select
        3 as source_number,
        'touchpoint' as kind,
        survey_touchpoints.touchpoint as value,
        cast(null as decimal(4, 1)) as rank,
        types.label_en as label_en,
        types.label_vi as label_vi
    from {{ ref('survey_touchpoints') }} as survey_touchpoints
    inner join {{ ref('touchpoint_types') }} as types on survey_touchpoints.touchpoint_type = types.touchpoint_type
    union all
    {# journey_map_touchpoints shows survey touchpoints among the touchpoint types, so they need labels of that kind too #}
    select
        3 as source_number,
        'touchpoint_type' as kind,
        value as value,
        cast(null as decimal(4, 1)) as rank,
        label_en as label_en,
        label_vi as label_vi
    from {{ ref('value_labels') }}
    where kind = 'touchpoint'

)

select
    kind,
    value,
    cast(rank as decimal(4, 1)) as rank,
    label_en,
    label_vi
from labels
{# a seed for one kind has priority over value_labels, which has all other kinds #}
qualify row_number() over (partition by kind, value order by source_number, label_en) = 1
