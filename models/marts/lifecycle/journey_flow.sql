{%- set labels = {'direction': 'stage_direction', 'dimension_value': 'dimension'} -%}
{%- set grain = ['period', 'from_stage_number', 'to_stage_number', 'direction'] -%}

with stages as (

    select
        numbers.stage_number,
        numbers.steps,
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

transitions as (

    select
        entries.stage_number_before as from_stage_number,
        entries.stage_number as to_stage_number,
        {{ stage_direction('entries.entry_number', 'after', 'before') }} as direction,
        {{ period_number('entries.entered_date') }} as month_number,
        entries.person_key,
        {{ microseconds_between('entries.entered_before_at', 'entries.entered_at') }} as microseconds,
        {# as known at the transition #}
        moments.customer_type,
        moments.persona
    from {{ ref('int_stage_entries') }} as entries
    inner join stages as before on entries.stage_number_before = before.stage_number
    inner join stages as after on entries.stage_number = after.stage_number
    inner join {{ ref('int_stage_moments') }} as moments
        on entries.person_key = moments.person_key
        and entries.entered_at = moments.moment

),

periods as (

    {%- for period in ['month_number', quarter_number('month_number'), '0'] %}
    select
        from_stage_number,
        to_stage_number,
        direction,
        {{ period }} as period,
        microseconds,
        customer_type,
        persona,
        {# distinct persons need counting only for backward and reentry: forward and skip are first entries, which a person has once #}
        direction in ('forward', 'skip') as is_first_entry,
        case when direction not in ('forward', 'skip') then person_key end as returning_person_key
    from transitions
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    {{ by_dimension('periods', ['customer_type', 'persona'], {
        'transitions': 'count(*)',
        'persons': 'count(*) filter (where is_first_entry) + count(distinct returning_person_key)',
        'median_microseconds': 'median(microseconds)',
    }, by=grain) }}

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
