{%- set nodes = {
    'contact_id': 'contact_id', 'email': 'email', 'phone': 'phone', 'anonymous_id': 'anonymous_id',
    'merged_into_contact_id': 'contact_id', 'former_email_contact_id': 'contact_id', 'former_phone_contact_id': 'contact_id',
} -%}

with records as (

    select * from {{ ref('int_identity_records') }}

)

{% for column, type in nodes.items() %}
select
    record_number,
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
    split_part(other_identifier, ':', 1) as identifier_type,
    substr(other_identifier, length(split_part(other_identifier, ':', 1)) + 2) as identifier_value,
    other_identifier as identifier,
    seen_at
from records
where other_identifier is not null
