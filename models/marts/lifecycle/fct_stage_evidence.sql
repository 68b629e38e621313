with definitions as (

    {%- for stage in var('stage_definitions') %}
    select
        persons.person_id,
        '{{ stage }}' as stage,
        episodes.entered_at,
        episodes.left_at,
        episodes.evidence,
        false as is_override,
        '{{ definition_version(stage) }}' as definition_version
    from {{ ref(stage) }} as episodes
    inner join {{ ref('int_persons') }} as persons on episodes.person_key = persons.person_key
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

crm_versions as (

    {%- for stage in var('stage_definitions') %}
    select '{{ stage }}' as stage, '{{ definition_version(stage) }}' as definition_version
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# a change in the CRM is somebody's decision: it opens its stage for good and overrides what stands above it #}
crm_changes as (

    select
        person_identifiers.person_id,
        stage_map.stage,
        changes.changed_at as entered_at,
        cast(null as timestamp) as left_at,
        'crm_change' as evidence,
        true as is_override,
        crm_versions.definition_version
    from {{ accepted('crm', 'lifecycle_changes') }} as changes
    inner join {{ ref('crm_stage_map') }} as stage_map on changes.stage = stage_map.crm_stage
    inner join crm_versions on stage_map.stage = crm_versions.stage
    inner join {{ ref('int_person_identifiers') }} as person_identifiers
        on {{ identifier_key("'contact_id'", 'changes.contact_id') }} = person_identifiers.identifier

),

episodes as (

    select * from definitions
    union
    select * from crm_changes

)

select
    {{ keyed_hash(["'stage_evidence'", 'person_id', 'stage', 'entered_at', 'left_at', 'evidence']) }} as stage_evidence_id,
    person_id,
    stage,
    entered_at,
    {# an end that as-of has not reached is not known yet #}
    case when left_at <= {{ as_of() }} then left_at end as left_at,
    evidence,
    is_override,
    definition_version
from episodes
where person_id <> 'unknown'
