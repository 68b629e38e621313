with records as (

    select * from {{ ref('int_identity_records') }}

),

{# the identifiers that appear with a placeholder, taken from the records because int_identity_pairs has no placeholders #}
seen_with_placeholders as (

    {%- for type, other in [('email', 'phone'), ('phone', 'email')] %}
    {%- for neighbour, neighbour_type in [
        ('contact_id', 'contact_id'), ('former_' ~ type ~ '_contact_id', 'contact_id'),
        (other, other), ('anonymous_id', 'anonymous_id'),
    ] %}
    select
        placeholders.identifier_type,
        placeholders.identifier_value,
        case when records.{{ neighbour }} is not null then '{{ neighbour_type }}' end as neighbour_type,
        records.{{ neighbour }} as neighbour,
        records.seen_at
    from records
    inner join {{ ref('identifier_placeholders') }} as placeholders
        on placeholders.identifier_type = '{{ type }}'
        and records.{{ type }} = placeholders.identifier_value
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

placeholders as (

    select
        seen.identifier_type,
        seen.identifier_value,
        count(distinct case when identifier_types.counts_as_link then {{ identifier_key('seen.neighbour_type', 'seen.neighbour') }} end)
            as neighbour_count,
        min(seen.seen_at) as first_seen_at
    from seen_with_placeholders as seen
    left join {{ ref('identifier_types') }} as identifier_types on seen.neighbour_type = identifier_types.identifier_type
    group by seen.identifier_type, seen.identifier_value

),

skipped as (

    select
        identifier,
        identifier_type,
        'too_many_links' as reason,
        neighbour_count,
        first_seen_at
    from {{ ref('int_identifiers') }}
    where is_hub
    union all
    select
        {{ identifier_key('identifier_type', 'identifier_value') }} as identifier,
        identifier_type,
        'placeholder' as reason,
        neighbour_count,
        first_seen_at
    from placeholders

)

select
    identifier,
    {{ keyed_hash(['identifier']) }} as identifier_hash,
    identifier_type,
    reason,
    neighbour_count,
    first_seen_at
from skipped
