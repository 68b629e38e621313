-- sqlfluff:exclude_rules:layout.indent,aliasing.self_alias.column,structure.column_order,references.consistent
{# The line above: joins that a loop writes or leaves out are indented for the reader of this file, not of what it renders. #}
{#- Rows with two identifiers or more link them; rows with one say when it was first seen. -#}
{%- set records = [
    ('crm', 'contacts', 'created_at', ['contact_id', 'email', 'phone', 'merged_into_contact_id']),
    ('crm', 'activities', 'occurred_at', ['contact_id', 'email']),
    ('crm', 'lifecycle_changes', 'changed_at', ['contact_id']),
    ('crm', 'deals', 'created_at', ['contact_id']),
    ('crm', 'quotes', 'quoted_at', ['contact_id']),
    ('crm', 'tickets', 'opened_at', ['contact_id', 'email']),
    ('crm', 'subscription_changes', 'changed_at', ['contact_id']),
    ('crm', 'loyalty_events', 'occurred_at', ['contact_id']),
    ('web', 'experiment_exposures', 'exposed_at', ['anonymous_id']),
    ('web', 'events', 'occurred_at', ['anonymous_id']),
    ('marketing', 'email_events', 'occurred_at', ['email']),
    ('orders', 'orders', 'ordered_at', ['contact_id', 'email', 'phone', 'anonymous_id']),
    ('feedback', 'survey_invitations', 'sent_at', ['contact_id', 'email']),
    ('feedback', 'survey_responses', 'responded_at', ['contact_id', 'email']),
    ('feedback', 'reviews', 'reviewed_at', ['contact_id', 'email']),
] -%}
{%- set typed = [
    ('web', 'identities', 'identified_at', 'anonymous_id'),
    ('marketing', 'social_interactions', 'occurred_at', none),
    ('marketing', 'offline_visits', 'visited_at', none),
] -%}
{%- set identifiers = ['contact_id', 'email', 'phone', 'anonymous_id', 'merged_into_contact_id'] -%}
{%- set former = ['former_email_contact_id', 'former_phone_contact_id'] -%}

with records as (

    {%- for source_name, table_name, seen_at, present in records %}
    {#- a contact's own row says whose the identifier is now, whoever had it when the contact was made #}
    {%- set may_be_former = ['email', 'phone'] if table_name != 'contacts' else [] %}
    select
        {%- for identifier in identifiers %}
        {%- if identifier not in present %}
        cast(null as string) as {{ identifier }},
        {%- elif identifier in may_be_former %}
        case when former_{{ identifier }}.contact_id is null then {{ table_name }}.{{ identifier }} end as {{ identifier }},
        {%- else %}
        {{ table_name }}.{{ identifier }},
        {%- endif %}
        {%- endfor %}
        cast(null as string) as other_identifier,
        {%- for identifier in ['email', 'phone'] %}
        {%- if identifier in may_be_former and identifier in present %}
        former_{{ identifier }}.contact_id as former_{{ identifier }}_contact_id,
        {%- else %}
        cast(null as string) as former_{{ identifier }}_contact_id,
        {%- endif %}
        {%- endfor %}
        min({{ table_name }}.{{ seen_at }}) as seen_at
    from {{ accepted(source_name, table_name) }} as {{ table_name }}
    {%- for identifier in may_be_former if identifier in present %}
    {{ join_former_identifier(
        'former_' ~ identifier, identifier_key("'" ~ identifier ~ "'", table_name ~ '.' ~ identifier), table_name ~ '.' ~ seen_at
    ) }}
    {%- endfor %}
    group by all
    union all
    {%- endfor %}
    {%- for source_name, table_name, seen_at, cookie in typed %}
    select
        case when seen.identifier_type = 'contact_id' then seen.identifier_value end as contact_id,
        case when seen.identifier_type = 'email' and former.contact_id is null then seen.identifier_value end as email,
        case when seen.identifier_type = 'phone' and former.contact_id is null then seen.identifier_value end as phone,
        {{ 'seen.' ~ cookie if cookie else "case when seen.identifier_type = 'anonymous_id' then seen.identifier_value end" }}
            as anonymous_id,
        cast(null as string) as merged_into_contact_id,
        case
            when seen.identifier_type not in ('contact_id', 'email', 'phone', 'anonymous_id')
                then {{ identifier_key('seen.identifier_type', 'seen.identifier_value') }}
        end as other_identifier,
        former.contact_id as former_email_contact_id,
        cast(null as string) as former_phone_contact_id,
        min(seen.{{ seen_at }}) as seen_at
    from {{ accepted(source_name, table_name) }} as seen
    {{ join_former_identifier('former', identifier_key('seen.identifier_type', 'seen.identifier_value'), 'seen.' ~ seen_at) }}
    where seen.identifier_value is not null
    group by all
    union all
    {%- endfor %}
    {#- who was referred is known from the referral, but is not the one who refers #}
    select
        referred_contact_id as contact_id,
        referred_email as email,
        cast(null as string) as phone,
        cast(null as string) as anonymous_id,
        cast(null as string) as merged_into_contact_id,
        cast(null as string) as other_identifier,
        cast(null as string) as former_email_contact_id,
        cast(null as string) as former_phone_contact_id,
        min(referred_at) as seen_at
    from {{ accepted('crm', 'referrals') }} as referrals
    group by all
    union all
    select
        referrer_contact_id as contact_id,
        cast(null as string) as email,
        cast(null as string) as phone,
        cast(null as string) as anonymous_id,
        cast(null as string) as merged_into_contact_id,
        cast(null as string) as other_identifier,
        cast(null as string) as former_email_contact_id,
        cast(null as string) as former_phone_contact_id,
        min(referred_at) as seen_at
    from {{ accepted('crm', 'referrals') }} as referrals
    group by all

),

placeholders as (

    select * from {{ ref('identifier_placeholders') }}

),

without_placeholders as (

    select
        records.contact_id,
        case when email_placeholders.identifier_value is null then records.email end as email,
        case when phone_placeholders.identifier_value is null then records.phone end as phone,
        records.anonymous_id,
        records.merged_into_contact_id,
        records.other_identifier,
        records.former_email_contact_id,
        records.former_phone_contact_id,
        min(records.seen_at) as seen_at
    from records
    left join placeholders as email_placeholders
        on email_placeholders.identifier_type = 'email'
        and records.email = email_placeholders.identifier_value
    left join placeholders as phone_placeholders
        on phone_placeholders.identifier_type = 'phone'
        and records.phone = phone_placeholders.identifier_value
    group by all

),

{# an order that names nobody is a person of its own #}
nameless_orders as (

    select
        {{ identifier_key("'order_id'", 'orders.order_id') }} as other_identifier,
        orders.ordered_at as seen_at
    from {{ accepted('orders', 'orders') }} as orders
    left join placeholders as email_placeholders
        on email_placeholders.identifier_type = 'email'
        and orders.email = email_placeholders.identifier_value
    left join placeholders as phone_placeholders
        on phone_placeholders.identifier_type = 'phone'
        and orders.phone = phone_placeholders.identifier_value
    where
        orders.contact_id is null
        and orders.anonymous_id is null
        and (orders.email is null or email_placeholders.identifier_value is not null)
        and (orders.phone is null or phone_placeholders.identifier_value is not null)

),

all_records as (

    select
        {{ (identifiers + former) | join(', ') }},
        other_identifier,
        seen_at
    from without_placeholders
    union all
    select
        {%- for identifier in identifiers + former %}
        cast(null as string) as {{ identifier }},
        {%- endfor %}
        other_identifier,
        seen_at
    from nameless_orders

)

select
    row_number() over (
        order by {{ (identifiers + former + ['other_identifier']) | join(' nulls last, ') }} nulls last
    ) as record_number,
    *
from all_records
