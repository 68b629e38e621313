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

{# the moments at which something of a person changes, the first of them included #}
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

),

described as (

    select
        changes.person_key,
        persons.person_id,
        changes.changed_at,
        coalesce(known.known_since <= changes.changed_at, false) as is_known,
        coalesce(stages.stage, 'none') as current_stage,
        case when persons.customer_since <= changes.changed_at then persons.customer_since end as customer_since
    from changes
    inner join persons on changes.person_key = persons.person_key
    left join known on changes.person_key = known.person_key
    {{ join_stage_at('changes', 'changed_at') }}

),

{# who was in a stage before the first identifier was seen changes nothing by being seen #}
compared as (

    select
        *,
        lag(is_known) over (partition by person_key order by changed_at) as was_known,
        lag(current_stage) over (partition by person_key order by changed_at) as stage_before,
        lag(customer_since) over (partition by person_key order by changed_at) as customer_since_before
    from described

),

periods as (

    select
        person_key,
        person_id,
        changed_at as valid_from,
        lead(changed_at) over (partition by person_key order by changed_at) as valid_to,
        is_known,
        current_stage,
        customer_since
    from compared
    where
        is_known is distinct from was_known
        or current_stage is distinct from stage_before
        or customer_since is distinct from customer_since_before

)

select
    {{ keyed_hash(["'person_period'", 'person_id', 'valid_from']) }} as person_period_key,
    person_id,
    valid_from,
    valid_to,
    valid_to is null as is_current,
    is_known,
    current_stage,
    customer_since
from periods
union all
select
    'unknown' as person_period_key,
    'unknown' as person_id,
    cast(null as timestamp) as valid_from,
    cast(null as timestamp) as valid_to,
    true as is_current,
    false as is_known,
    'none' as current_stage,
    cast(null as timestamp) as customer_since
{{ in_order_of('person_id, valid_from') }}
