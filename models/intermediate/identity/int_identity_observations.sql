{%- set nodes = {
    'contact_id': 'contact_id', 'email': 'email', 'phone': 'phone', 'anonymous_id': 'anonymous_id', 'order_id': 'order_id',
    'merged_into_contact_id': 'contact_id', 'former_email_contact_id': 'contact_id', 'former_phone_contact_id': 'contact_id',
} -%}

with records as (

    select
        records.record_number,
        records.is_contact_row,
        records.contact_id,
        records.merged_into_contact_id,
        records.anonymous_id,
        records.other_identifier,
        {#- a former e-mail or phone counts as the contact that held it at the time; a placeholder counts as nobody #}
        {%- for type in ['email', 'phone'] %}
        case
            when {{ type }}_placeholders.identifier_value is null and records.former_{{ type }}_contact_id is null then records.{{ type }}
        end as {{ type }},
        case
            when {{ type }}_placeholders.identifier_value is null then records.former_{{ type }}_contact_id
        end as former_{{ type }}_contact_id,
        {%- endfor %}
        case
            when
                (records.email is null or email_placeholders.identifier_value is not null)
                and (records.phone is null or phone_placeholders.identifier_value is not null)
                then records.order_id
        end as order_id,
        records.seen_at
    from {{ ref('int_identity_records') }} as records
    {{ join_placeholders('records') }}

)

{% for column, type in nodes.items() %}
select
    record_number,
    is_contact_row,
    '{{ 'named' if column == 'contact_id' else 'survivor' if column == 'merged_into_contact_id' else 'shown' }}' as identifier_role,
    '{{ type }}' as identifier_type,
    {{ column }} as identifier_value,
    {{ identifier_key("'" ~ type ~ "'", column) }} as identifier,
    seen_at
from records
where {{ column }} is not null
union all
{% endfor %}
select
    record_number,
    is_contact_row,
    'shown' as identifier_role,
    split_part(other_identifier, ':', 1) as identifier_type,
    substr(other_identifier, length(split_part(other_identifier, ':', 1)) + 2) as identifier_value,
    other_identifier as identifier,
    seen_at
from records
where other_identifier is not null
