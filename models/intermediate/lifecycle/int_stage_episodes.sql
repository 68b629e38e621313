with defined as (

    {%- for definition in var('stage_definitions') %}
    select
        person_key,
        '{{ definition }}' as definition,
        entered_at,
        left_at,
        evidence,
        false as is_override
    from {{ ref(definition) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# a CRM change is somebody's decision: it opens an episode of its stage without an end and overrides higher stages #}
crm_changes as (

    select
        person_identifiers.person_key,
        stage_map.stage as definition,
        changes.changed_at as entered_at,
        cast(null as timestamp) as left_at,
        'crm_change' as evidence,
        true as is_override
    from {{ accepted('crm', 'lifecycle_changes') }} as changes
    inner join {{ ref('crm_stage_map') }} as stage_map on changes.stage = stage_map.crm_stage
    inner join {{ ref('int_person_identifiers') }} as person_identifiers
        on {{ identifier_key("'contact_id'", 'changes.contact_id') }} = person_identifiers.identifier

),

episodes as (

    select * from defined
    union
    select * from crm_changes

)

select
    episodes.person_key,
    episodes.definition,
    definitions.bit,
    episodes.entered_at,
    {# an episode that ends after the as-of is still open #}
    case when episodes.left_at <= {{ as_of() }} then episodes.left_at end as left_at,
    {# a definition may take events of any type, also of one that somebody typed #}
    case when rare_event_types.event_type is null then episodes.evidence else '(rare)' end as evidence,
    episodes.is_override
from episodes
inner join {{ ref('int_stage_definitions') }} as definitions on episodes.definition = definitions.definition
left join {{ ref('int_rare_event_types') }} as rare_event_types on episodes.evidence = rare_event_types.event_type
where episodes.person_key <> 0
