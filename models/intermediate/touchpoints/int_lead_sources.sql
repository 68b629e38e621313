{# only sessions and touches up to the creation of the person's first contact count: what comes later did not bring the lead #}
with contacts as (

    select
        person_identifiers.person_key,
        min(contacts.created_at) over (partition by person_identifiers.person_key) as known_at,
        {{ lower_case('contacts.lead_source_shown') }} as crm_lead_source,
        row_number() over (
            partition by person_identifiers.person_key
            order by case when contacts.lead_source is null then 1 else 0 end, contacts.created_at, contacts.contact_id
        ) as contact_rank
    from {{ shown_texts(accepted('crm', 'contacts'), 'crm.contacts', ['lead_source']) }} as contacts
    inner join {{ ref('int_person_identifiers') }} as person_identifiers
        on {{ identifier_key("'contact_id'", 'contacts.contact_id') }} = person_identifiers.identifier

),

crm_sources as (

    select
        contacts.person_key,
        contacts.known_at,
        coalesce(crm_lead_sources.lead_source, contacts.crm_lead_source) as lead_source,
        crm_lead_sources.channel
    from contacts
    left join {{ ref('crm_lead_sources') }} as crm_lead_sources on contacts.crm_lead_source = crm_lead_sources.crm_lead_source
    where contacts.contact_rank = 1

),

ranked_sessions as (

    select
        sessions.person_key,
        {{ lower_case('sessions.source') }} as source,
        sessions.channel,
        row_number() over (partition by sessions.person_key order by sessions.started_at, sessions.session_key) as session_rank
    from {{ ref('int_session_persons') }} as sessions
    left join crm_sources on sessions.person_key = crm_sources.person_key
    where
        sessions.is_human
        and sessions.channel <> 'direct'
        and (crm_sources.known_at is null or sessions.started_at <= crm_sources.known_at)

),

first_sessions as (

    select
        person_key,
        source,
        channel
    from ranked_sessions
    where session_rank = 1

),

sites as (

    {{ source_sites('first_sessions') }}

),

touches as (

    select
        touchpoints.person_key,
        touchpoints.channel,
        row_number() over (partition by touchpoints.person_key order by touchpoints.touched_at, touchpoints.touchpoint_key) as touch_rank
    from {{ ref('int_touchpoints') }} as touchpoints
    left join crm_sources on touchpoints.person_key = crm_sources.person_key
    where
        touchpoints.is_attributable
        and (crm_sources.known_at is null or touchpoints.touched_at <= crm_sources.known_at)

),

lead_sources as (

    select
        persons.person_key,
        case
            when first_sessions.person_key is not null then 'url'
            when crm_sources.lead_source is not null then 'crm'
            when touches.person_key is not null then 'touchpoint'
            else 'none'
        end as lead_source_evidence,
        coalesce(sites.site, first_sessions.source, crm_sources.lead_source, touches.channel, 'unknown') as lead_source,
        case
            when first_sessions.person_key is not null then first_sessions.channel
            when crm_sources.lead_source is not null then crm_sources.channel
            else touches.channel
        end as channel
    from {{ ref('int_persons') }} as persons
    left join first_sessions on persons.person_key = first_sessions.person_key
    left join sites on first_sessions.source = sites.source
    left join crm_sources on persons.person_key = crm_sources.person_key
    left join touches
        on persons.person_key = touches.person_key
        and touches.touch_rank = 1
    where persons.person_key <> 0

)

select
    lead_sources.person_key,
    lead_sources.lead_source,
    coalesce(groups.lead_source_group, 'unknown') as lead_source_group,
    lead_sources.lead_source_evidence
from lead_sources
left join {{ ref('lead_source_channels') }} as groups on lead_sources.channel = groups.channel
