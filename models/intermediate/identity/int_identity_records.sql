-- sqlfluff:exclude_rules:layout.indent,aliasing.self_alias.column,structure.column_order,references.consistent
{# The line above: joins that a loop writes or leaves out are indented for the reader of this file, not of what it renders. #}
{#-
    A row with two or more identifiers links them; a row with one shows when it was first seen. Placeholders are still included here and
    are removed in int_identity_observations, so that an edited list of placeholders does not require another scan of all web events.
-#}
{#- while dbt parses, the graph is empty and the loops below find no tables, so the refs of this model are listed here -#}
{%- for source_name, table_name in staged_tables() %}{% do accepted(source_name, table_name) %}{% endfor -%}
{%- do ref('int_former_identifiers') -%}
{%- do ref('int_contact_merges') -%}
{%- set tables = tables_of_identifiers() -%}
{%- set referrals = [
    {'contact_id': 'referred_contact_id', 'email': 'referred_email'},
    {'contact_id': 'referrer_contact_id'},
] -%}
{%- set columns = [
    'contact_id', 'email', 'phone', 'anonymous_id', 'merged_into_contact_id', 'former_email_contact_id', 'former_phone_contact_id',
    'order_id', 'other_identifier',
] -%}

with records as (

    {%- for source_name, table_name, seen_at, present in tables.named %}
    {#- former owners are not looked up for rows of contacts, because these state the current owner #}
    {%- set may_be_former = ['email', 'phone'] if table_name != 'contacts' else [] %}
    {%- set given = {} %}
    {%- for identifier in present %}
    {%- do given.update({identifier: table_name ~ '.' ~ identifier}) %}
    {%- if identifier in may_be_former %}
    {%- do given.update({'former_' ~ identifier ~ '_contact_id': 'former_' ~ identifier ~ '.contact_id'}) %}
    {%- endif %}
    {%- endfor %}
    {%- if table_name == 'orders' %}
    {#- an order without contact and cookie may be a person of its own; whether it is depends on the placeholders #}
    {%- do given.update({'order_id': 'case when orders.contact_id is null and orders.anonymous_id is null then orders.order_id end'}) %}
    {%- endif %}
    select
        {{ text_columns(columns, given) }},
        {{ 'true' if table_name == 'contacts' else 'false' }} as is_contact_row,
        min({{ table_name }}.{{ seen_at }}) as seen_at
    from {{ accepted(source_name, table_name) }} as {{ table_name }}
    {%- for identifier in may_be_former if identifier in present %}
    {{ join_former_identifier(
        'former_' ~ identifier, identifier_key("'" ~ identifier ~ "'", table_name ~ '.' ~ identifier), table_name ~ '.' ~ seen_at,
        even_placeholders=true
    ) }}
    {%- endfor %}
    group by all
    union all
    {%- endfor %}
    {%- for source_name, table_name, seen_at, cookie in tables.typed %}
    select
        {{ text_columns(columns, {
            'contact_id': "case when seen.identifier_type = 'contact_id' then seen.identifier_value end",
            'email': "case when seen.identifier_type = 'email' then seen.identifier_value end",
            'phone': "case when seen.identifier_type = 'phone' then seen.identifier_value end",
            'anonymous_id': 'seen.' ~ cookie if cookie else "case when seen.identifier_type = 'anonymous_id' then seen.identifier_value end",
            'former_email_contact_id': "case when seen.identifier_type = 'email' then former.contact_id end",
            'former_phone_contact_id': "case when seen.identifier_type = 'phone' then former.contact_id end",
            'other_identifier': "case when seen.identifier_type not in ('contact_id', 'email', 'phone', 'anonymous_id') then "
                ~ identifier_key('seen.identifier_type', 'seen.identifier_value') ~ ' end',
        }) }},
        false as is_contact_row,
        min(seen.{{ seen_at }}) as seen_at
    from {{ accepted(source_name, table_name) }} as seen
    {{ join_former_identifier(
        'former', identifier_key('seen.identifier_type', 'seen.identifier_value'), 'seen.' ~ seen_at, even_placeholders=true
    ) }}
    where seen.identifier_value is not null
    group by all
    union all
    {%- endfor %}
    {#- the referred person is known from the referral, but is not linked with the referrer #}
    {%- for given in referrals %}
    select
        {{ text_columns(columns, given) }},
        false as is_contact_row,
        min(referred_at) as seen_at
    from {{ accepted('crm', 'referrals') }} as referrals
    group by all
    union all
    {%- endfor %}
    {#- the CRM may export a merged contact only as an id in the list of its surviving contact, without a row of its own #}
    select
        {{ text_columns(columns, {'contact_id': 'stated.merged_contact_id'}) }},
        false as is_contact_row,
        min(stated.stated_at) as seen_at
    from {{ ref('int_contact_merges') }} as stated
    left join {{ accepted('crm', 'contacts') }} as contacts on stated.merged_contact_id = contacts.contact_id
    where contacts.contact_id is null
    group by all

),

all_records as (

    select
        {{ columns | join(', ') }},
        is_contact_row,
        min(seen_at) as seen_at
    from records
    group by {{ columns | join(', ') }}, is_contact_row

)

select
    row_number() over (order by {{ columns | join(' nulls last, ') }} nulls last, is_contact_row) as record_number,
    *
from all_records
