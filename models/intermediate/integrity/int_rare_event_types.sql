{#- a word that a stage definition writes itself is the project's own, whoever types it as well -#}
{%- set own_words = words_of_definitions() -%}

with event_types as (

    select distinct
        source_table,
        event_type
    from {{ ref('int_person_events') }}

)

select event_types.event_type
from event_types
{{ join_shared_event_type('texts', 'event_types') }}
{%- if own_words %}
where event_types.event_type not in ('{{ own_words | join("', '") }}')
{%- endif %}
group by event_types.event_type
having max(case when {{ shown_event_type('event_types', 'texts') }} = '(rare)' then 0 else 1 end) = 0
