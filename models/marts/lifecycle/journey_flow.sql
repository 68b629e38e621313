{%- set labels = {'direction': 'stage_direction', 'dimension_value': 'dimension'} -%}
{%- set grain = ['period', 'framework', 'from_stage', 'to_stage', 'direction'] -%}

with stages as (

    select * from {{ ref('dim_framework_stages') }}

),

transitions as (

    select
        entries.framework,
        entries.from_stage,
        entries.stage as to_stage,
        entries.direction,
        {{ period_number('entries.entered_date') }} as month_number,
        entries.person_id,
        {{ microseconds_between('entries.from_entered_at', 'entries.entered_at') }} as microseconds,
        {# as known at the transition #}
        coalesce(persons.customer_type, 'unknown') as customer_type,
        coalesce(persons.persona, 'unknown') as persona
    from {{ ref('fct_stage_entries') }} as entries
    left join {{ ref('dim_persons_history') }} as persons
        on entries.person_id = persons.person_id
        and entries.entered_at >= persons.valid_from
        and (entries.entered_at < persons.valid_to or persons.valid_to is null)

),

periods as (

    {%- for period in ['month_number', quarter_number('month_number'), '0'] %}
    select
        framework,
        from_stage,
        to_stage,
        direction,
        {{ period }} as period,
        person_id,
        microseconds,
        customer_type,
        persona
    from transitions
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    {{ by_dimension('periods', ['customer_type', 'persona'], {
        'transitions': 'count(*)',
        'persons': 'count(distinct person_id)',
        'median_microseconds': 'median(microseconds)',
    }, by=grain) }}

)

select
    {{ period_name('counted.period') }} as period,
    counted.framework,
    counted.from_stage,
    counted.to_stage,
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
inner join stages as before on counted.framework = before.framework and counted.from_stage = before.stage
inner join stages as after on counted.framework = after.framework and counted.to_stage = after.stage
{{ in_order_of('counted.framework, counted.dimension, counted.dimension_value, counted.from_stage, counted.to_stage, counted.period') }}
