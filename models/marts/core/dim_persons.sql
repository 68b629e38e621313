{%- set labels = {'first_channel': 'channel', 'current_stage': 'stage'} -%}

with persons as (

    select * from {{ ref('int_persons') }}
    where person_key <> 0

),

contacts as (

    select
        person_identifiers.person_key,
        count(*) = count(internal.identifier) as are_internal
    from {{ accepted('crm', 'contacts') }} as contacts
    inner join {{ ref('int_person_identifiers') }} as person_identifiers
        on {{ identifier_key("'contact_id'", 'contacts.contact_id') }} = person_identifiers.identifier
    left join {{ ref('int_internal_identifiers') }} as internal
        on {{ identifier_key("'contact_id'", 'contacts.contact_id') }} = internal.identifier
    group by person_identifiers.person_key

),

attributes as (

    select
        person_key,
        max(case when attribute = 'persona' then attribute_value end) as persona,
        max(case when attribute = 'country' then attribute_value end) as country,
        max(case when attribute = 'company_id' then attribute_value end) as company_id,
        max(case when attribute = 'buying_role' then attribute_value end) as buying_role
    from {{ ref('int_person_attributes') }}
    where valid_to is null
    group by person_key

),

first_touches as (

    select
        person_key,
        channel,
        row_number() over (partition by person_key order by touched_at, touchpoint_key) as touch_rank
    from {{ ref('int_touchpoints') }}
    where is_attributable

),

customers as (

    select
        person_key,
        converted_at as customer_since
    from {{ ref('int_stage_conversions') }}
    where conversion_type = 'customer'

),

buyers as (

    select distinct person_key from {{ ref('int_order_persons') }}

),

current_stages as (

    select
        person_key,
        stage
    from {{ ref('int_primary_stages') }}
    where exited_at is null

),

companies as (

    select * from {{ accepted('crm', 'companies') }}

),

described as (

    select
        persons.person_id,
        persons.is_known,
        {# a customer without a contact may share a phone with a colleague, so that all contacts of the person are internal #}
        coalesce(contacts.are_internal, false) and customers.person_key is null as is_internal,
        {{ customer_type_of('companies', 'attributes.company_id', 'contacts.person_key is not null or buyers.person_key is not null') }}
            as customer_type,
        coalesce(attributes.persona, 'unknown') as persona,
        coalesce(attributes.country, 'unknown') as country,
        coalesce(attributes.company_id, 'unknown') as company_id,
        coalesce(attributes.buying_role, 'unknown') as buying_role,
        persons.first_seen_at,
        coalesce(first_touches.channel, 'unknown') as first_channel,
        coalesce(lead_sources.lead_source, 'unknown') as lead_source,
        coalesce(lead_sources.lead_source_group, 'unknown') as lead_source_group,
        coalesce(lead_sources.lead_source_evidence, 'none') as lead_source_evidence,
        coalesce(current_stages.stage, 'none') as current_stage,
        customers.customer_since
    from persons
    left join contacts on persons.person_key = contacts.person_key
    left join attributes on persons.person_key = attributes.person_key
    left join buyers on persons.person_key = buyers.person_key
    left join companies on attributes.company_id = companies.company_id
    left join first_touches on persons.person_key = first_touches.person_key and first_touches.touch_rank = 1
    left join {{ ref('int_lead_sources') }} as lead_sources on persons.person_key = lead_sources.person_key
    left join current_stages on persons.person_key = current_stages.person_key
    left join customers on persons.person_key = customers.person_key

),

with_unknown as (

    select * from described
    union all
    select
        'unknown' as person_id,
        false as is_known,
        false as is_internal,
        'unknown' as customer_type,
        'unknown' as persona,
        'unknown' as country,
        'unknown' as company_id,
        'unknown' as buying_role,
        cast(null as timestamp) as first_seen_at,
        'unknown' as first_channel,
        'unknown' as lead_source,
        'unknown' as lead_source_group,
        'none' as lead_source_evidence,
        'none' as current_stage,
        cast(null as timestamp) as customer_since

)

select * from {{ with_labels('with_unknown', labels) }} as with_unknown
{{ in_order_of('person_id') }}
