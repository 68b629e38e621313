{%- set labels = {'first_channel': 'channel', 'current_stage': 'stage'} -%}
{%- set columns = [
    'is_known', 'customer_type', 'persona', 'country', 'company_id', 'buying_role', 'first_channel', 'current_stage', 'customer_since',
] -%}

with persons as (

    select
        dim_persons.*,
        persons.person_key
    from {{ ref('dim_persons') }} as dim_persons
    inner join {{ ref('int_persons') }} as persons on dim_persons.person_id = persons.person_id
    where dim_persons.person_id <> 'unknown'

),

known as (

    select
        person_identifiers.person_key,
        min(person_identifiers.first_seen_at) as known_since
    from {{ ref('int_person_identifiers') }} as person_identifiers
    inner join {{ ref('identifier_types') }} as identifier_types
        on person_identifiers.identifier_type = identifier_types.identifier_type
    where identifier_types.is_known_person
    group by person_identifiers.person_key

),

contacts as (

    select
        person_identifiers.person_key,
        min(contacts.created_at) as created_at
    from {{ accepted('crm', 'contacts') }} as contacts
    inner join {{ ref('int_person_identifiers') }} as person_identifiers
        on {{ identifier_key("'contact_id'", 'contacts.contact_id') }} = person_identifiers.identifier
    group by person_identifiers.person_key

),

buyers as (

    select
        person_key,
        min(ordered_at) as ordered_at
    from {{ ref('int_order_persons') }}
    group by person_key

),

first_touches as (

    select
        person_key,
        min(touched_at) as touched_at
    from {{ ref('int_touchpoints') }}
    where is_attributable
    group by person_key

),

attributes as (

    select * from {{ ref('int_person_attributes') }}

),

companies as (

    select * from {{ accepted('crm', 'companies') }}

),

{# candidate period starts: every time at which a column may change, the first sighting included #}
changes as (

    select
        person_key,
        first_seen_at as changed_at
    from persons
    union
    select
        person_key,
        known_since as changed_at
    from known
    union
    select
        person_key,
        customer_since as changed_at
    from persons
    where customer_since is not null
    union
    select
        person_key,
        entered_at as changed_at
    from {{ ref('int_primary_stages') }}
    {%- for table, moment in [
        ('contacts', 'created_at'), ('buyers', 'ordered_at'), ('first_touches', 'touched_at'), ('attributes', 'valid_from'),
    ] %}
    union
    select
        person_key,
        {{ moment }} as changed_at
    from {{ table }}
    {%- endfor %}
    union
    select
        person_key,
        valid_to as changed_at
    from attributes
    where valid_to is not null

),

{# does not multiply rows: an attribute has at most one value at a time #}
valued as (

    select
        changes.person_key,
        changes.changed_at,
        max(case when attributes.attribute = 'persona' then attributes.attribute_value end) as persona,
        max(case when attributes.attribute = 'country' then attributes.attribute_value end) as country,
        max(case when attributes.attribute = 'company_id' then attributes.attribute_value end) as company_id,
        max(case when attributes.attribute = 'buying_role' then attributes.attribute_value end) as buying_role
    from changes
    left join attributes
        on changes.person_key = attributes.person_key
        and changes.changed_at >= attributes.valid_from
        and (attributes.valid_to is null or changes.changed_at < attributes.valid_to)
    group by changes.person_key, changes.changed_at

),

described as (

    select
        changes.person_key,
        persons.person_id,
        changes.changed_at,
        {{ customer_type_of(
            'companies', 'changes.company_id',
            'contacts.created_at <= changes.changed_at or buyers.ordered_at <= changes.changed_at'
        ) }} as customer_type,
        coalesce(changes.persona, 'unknown') as persona,
        coalesce(changes.country, 'unknown') as country,
        coalesce(changes.company_id, 'unknown') as company_id,
        coalesce(changes.buying_role, 'unknown') as buying_role,
        case when first_touches.touched_at <= changes.changed_at then persons.first_channel else 'unknown' end as first_channel,
        coalesce(known.known_since <= changes.changed_at, false) as is_known,
        coalesce(stages.stage, 'none') as current_stage,
        case when persons.customer_since <= changes.changed_at then persons.customer_since end as customer_since
    from valued as changes
    inner join persons on changes.person_key = persons.person_key
    left join known on changes.person_key = known.person_key
    left join contacts on changes.person_key = contacts.person_key
    left join buyers on changes.person_key = buyers.person_key
    left join first_touches on changes.person_key = first_touches.person_key
    left join companies on changes.company_id = companies.company_id
    {{ join_stage_at('changes', 'changed_at') }}

),

{# a candidate without a change starts no period, for example the first sighting of a person whose stage began earlier #}
compared as (

    select
        *,
        {%- for column in columns %}
        lag({{ column }}) over (partition by person_key order by changed_at) as previous_{{ column }},
        {%- endfor %}
        lag(changed_at) over (partition by person_key order by changed_at) as previous_changed_at
    from described

),

periods as (

    select
        person_key,
        person_id,
        changed_at as valid_from,
        lead(changed_at) over (partition by person_key order by changed_at) as valid_to,
        {{ columns | join(',\n        ') }}
    from compared
    where
        previous_changed_at is null
        {%- for column in columns %}
        or {{ column }} is distinct from previous_{{ column }}
        {%- endfor %}

),

with_unknown as (

    select
        {{ keyed_hash(["'person_period'", 'person_id', 'valid_from']) }} as person_period_key,
        person_id,
        valid_from,
        valid_to,
        valid_to is null as is_current,
        {{ columns | join(',\n    ') }}
    from periods
    union all
    select
        'unknown' as person_period_key,
        'unknown' as person_id,
        cast(null as timestamp) as valid_from,
        cast(null as timestamp) as valid_to,
        true as is_current,
        false as is_known,
        'unknown' as customer_type,
        'unknown' as persona,
        'unknown' as country,
        'unknown' as company_id,
        'unknown' as buying_role,
        'unknown' as first_channel,
        'none' as current_stage,
        cast(null as timestamp) as customer_since

)

select * from {{ with_labels('with_unknown', labels) }} as with_unknown
{{ in_order_of('person_id, valid_from') }}
