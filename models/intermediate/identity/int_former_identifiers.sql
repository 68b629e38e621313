{%- set beginning = "timestamp '1900-01-01 00:00:00'" -%}

with versions as (

    select
        contact_id,
        email,
        phone,
        created_at,
        row_status = 'accepted' as is_current,
        coalesce(updated_at, {{ beginning }}) as valid_from,
        lead(coalesce(updated_at, {{ beginning }})) over (
            partition by contact_id
            order by updated_at nulls first, case when row_status = 'accepted' then 1 else 0 end, email nulls last, phone nulls last
        ) as valid_to
    from {{ ref('stg_crm__contacts') }}
    where row_status = 'accepted' or row_reason = 'superseded'

),

current_versions as (

    select
        contact_id,
        email,
        phone
    from versions
    where is_current

),

periods as (

    {%- for type in ['email', 'phone'] %}
    select
        {{ identifier_key("'" ~ type ~ "'", 'versions.' ~ type) }} as identifier,
        versions.contact_id,
        {{ type }}_placeholders.identifier_value is not null as is_placeholder,
        versions.created_at,
        versions.valid_from,
        versions.valid_to
    from versions
    inner join current_versions on versions.contact_id = current_versions.contact_id
    left join {{ ref('identifier_placeholders') }} as {{ type }}_placeholders
        on {{ type }}_placeholders.identifier_type = '{{ type }}'
        and versions.{{ type }} = {{ type }}_placeholders.identifier_value
    where
        not versions.is_current
        and versions.{{ type }} is not null
        and versions.{{ type }} is distinct from current_versions.{{ type }}
        and versions.valid_from < versions.valid_to
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# two contacts may have had one identifier at the same time: the later validity period ends the earlier one #}
disjoint as (

    select
        identifier,
        contact_id,
        is_placeholder,
        created_at,
        valid_from,
        least(
            valid_to,
            coalesce(lead(valid_from) over (partition by identifier order by valid_from, contact_id), valid_to)
        ) as valid_to
    from periods

)

select
    identifier,
    {{ identifier_key("'contact_id'", 'contact_id') }} as contact_identifier,
    contact_id,
    is_placeholder,
    created_at,
    valid_from,
    valid_to
from disjoint
where valid_from < valid_to
