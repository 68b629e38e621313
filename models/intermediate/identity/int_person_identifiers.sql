with identifiers as (

    select
        identifiers.*,
        coalesce(components.component, identifiers.identifier) as component
    from {{ ref('int_identifiers') }} as identifiers
    left join {{ ref('int_identity_components') }} as components on identifiers.identifier = components.node

),

with_earliest as (

    select
        *,
        first_value(identifier) over (
            partition by component
            order by first_seen_at, identifier_type, identifier_value
            rows between unbounded preceding and unbounded following
        ) as earliest_identifier
    from identifiers

),

hashed as (

    select
        *,
        {{ keyed_hash(["'person'", 'earliest_identifier']) }} as person_id
    from with_earliest

)

select
    identifier,
    identifier_type,
    identifier_value,
    {{ keyed_hash(['identifier']) }} as identifier_hash,
    first_seen_at,
    is_hub,
    person_id,
    {{ key_of('person_id') }} as person_key
from hashed
