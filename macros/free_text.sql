{#-
    What people type, and the one rule for publishing it: a text is shown where at least `free_text_min_persons` different persons have it,
    or where a seed knows it; any other is `(rare)`, since it may tell of the one person that it was typed about.
-#}

{#-
    The columns under the rule: of each raw table the columns, and of each column the seeds that know its texts. What is called so in a
    source (`privacy: free_text`) and does not stand here is published nowhere; a test holds the two together.
-#}
{% macro free_text_columns() -%}
    {%- set channels = [('channels', 'channel'), ('channel_aliases', 'channel_alias')] -%}
    {%- set identifier_types = [('identifier_types', 'identifier_type')] -%}
    {%- set kinds_of_touch = [('touchpoint_types', 'touchpoint_type'), ('journey_items', 'item'), ('lead_scoring', 'event_type')] -%}
    {%- set platforms = [('channel_sources', 'source_name'), ('channel_sources', 'site')] -%}
    {%- set pains = [('journey_items', 'item')] -%}
    {%- set survey_types = [('survey_scales', 'survey_type')] -%}
    {%- set survey_touchpoints = [('survey_touchpoints', 'touchpoint'), ('touchpoint_types', 'touchpoint_type')] -%}
    {{ return({
        'crm.contacts': {
            'lead_source': [('crm_lead_sources', 'crm_lead_source'), ('crm_lead_sources', 'lead_source')],
            'persona': [('personas', 'persona')],
            'buying_role': [],
            'country': [],
        },
        'crm.companies': {'industry': [], 'country': []},
        'crm.activities': {
            'activity_type': kinds_of_touch,
            'channel': channels,
            'outcome': [('crm_activity_outcomes', 'crm_activity_outcome')],
        },
        'crm.lifecycle_changes': {'stage': [('crm_stage_map', 'crm_stage')]},
        'crm.deals': {
            'pipeline': [],
            'deal_stage': [],
            'deal_type': [],
            'status': [],
            'lost_reason': [('crm_lost_reasons', 'crm_lost_reason')],
        },
        'crm.quotes': {'status': []},
        'crm.tickets': {'channel': channels, 'category': pains, 'priority': []},
        'crm.referrals': {'status': []},
        'crm.subscription_changes': {'plan': [], 'reason': [('churn_reason_map', 'raw_reason')]},
        'crm.loyalty_events': {'event_type': kinds_of_touch},
        'web.events': {'device_type': []},
        'web.identities': {'identifier_type': identifier_types},
        'marketing.email_events': {'event_type': kinds_of_touch},
        'marketing.social_interactions': {
            'platform': platforms,
            'interaction_type': kinds_of_touch,
            'identifier_type': identifier_types,
        },
        'marketing.offline_visits': {'place_type': kinds_of_touch, 'identifier_type': identifier_types},
        'orders.orders': {'status': [('order_status_map', 'raw_status')], 'sales_channel': [], 'payment_method': []},
        'orders.refunds': {'reason': pains},
        'feedback.survey_invitations': {
            'survey_type': survey_types, 'survey_kind': [], 'touchpoint': survey_touchpoints, 'channel': channels,
        },
        'feedback.survey_responses': {
            'survey_type': survey_types, 'survey_kind': [], 'touchpoint': survey_touchpoints, 'channel': channels,
        },
        'feedback.reviews': {'platform': platforms},
    }) }}
{%- endmacro %}

{#- The columns that name a kind of event, and what stands before them in the type that int_person_events gives the event. -#}
{% macro typed_event_columns() -%}
    {{ return({
        'crm.activities': ('activity_type', ''),
        'crm.loyalty_events': ('event_type', 'loyalty_'),
        'marketing.email_events': ('event_type', 'email_'),
        'marketing.social_interactions': ('interaction_type', 'social_'),
        'marketing.offline_visits': ('place_type', 'visit_'),
    }) }}
{%- endmacro %}

{#- Every column under the rule, as `crm.deals.pipeline`. -#}
{% macro free_text_names() -%}
    {%- set names = [] -%}
    {%- for table, columns in free_text_columns().items() -%}
        {%- for column in columns -%}{%- do names.append(table ~ '.' ~ column) -%}{%- endfor -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#- A text as it is published; `texts` is what join_shared_text joined. What the project itself says in place of a text it always shows;
    `all` would be what tables of sums call everybody. -#}
{% macro shown_text(text, texts) -%}
    case
        when {{ lower_case(text) }} = 'all' then '(all)'
        when {{ texts }}.shared_text is not null or {{ text }} is null or {{ text }} in ('unknown', '(masked)') then {{ text }}
        else '(rare)'
    end
{%- endmacro %}

{% macro join_shared_text(alias, source_column, text) -%}
left join {{ ref('int_shared_texts') }} as {{ alias }}
    on {{ alias }}.source_column = {{ source_column }}
    and {{ alias }}.shared_text = {{ lower_case(text) }}
{%- endmacro %}

{#-
    A relation with one column more for each of these columns of a raw table: `<column>_shown`, the text as it is published. The text itself
    stays, for who asks what it means.
-#}
{% macro shown_texts(relation, source_table, columns) -%}
    {%- for column in columns if column not in free_text_columns()[source_table] -%}
        {{ exceptions.raise_compiler_error("macros/free_text.sql: free_text_columns() has no " ~ source_table ~ "." ~ column ~ ".") }}
    {%- endfor -%}
    (
        select
            typed.*
            {%- for column in columns %},
            {{ shown_text('typed.' ~ column, column ~ '_texts') }} as {{ column }}_shown
            {%- endfor %}
        from {{ relation }} as typed
        {%- for column in columns %}
        {{ join_shared_text(column ~ '_texts', "'" ~ source_table ~ '.' ~ column ~ "'", 'typed.' ~ column) | indent(8) }}
        {%- endfor %}
    )
{%- endmacro %}

{#- A type of identifier is the same in every raw table that names one. -#}
{% macro join_shared_identifier_type(alias, identifiers) -%}
left join (
    select distinct shared_text
    from {{ ref('int_shared_texts') }}
    where source_column like '%.identifier_type'
) as {{ alias }} on {{ identifiers }}.identifier_type = {{ alias }}.shared_text
{%- endmacro %}

{#- The kind of an event of int_person_events as it is published. What the project itself names it always shows. -#}
{% macro shown_event_type(events, texts) -%}
    case
        when {{ events }}.source_table in ('{{ typed_event_columns() | join("', '") }}')
            and {{ texts }}.shared_text is null and {{ events }}.event_type not like '%(masked)' then '(rare)'
        else {{ events }}.event_type
    end
{%- endmacro %}

{% macro join_shared_event_type(alias, events) -%}
left join {{ ref('int_shared_texts') }} as {{ alias }}
    on {{ alias }}.source_column = case {{ events }}.source_table
        {%- for table, (column, prefix) in typed_event_columns().items() %}
        when '{{ table }}' then '{{ table }}.{{ column }}'
        {%- endfor %}
    end
    and {{ alias }}.shared_text = substr({{ events }}.event_type, case {{ events }}.source_table
        {%- for table, (column, prefix) in typed_event_columns().items() if prefix %}
        when '{{ table }}' then {{ prefix | length + 1 }}
        {%- endfor %}
        else 1
    end)
{%- endmacro %}
