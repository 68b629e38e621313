{#-
    The rule for publishing texts that people type: a text is shown if at least `free_text_min_persons` different persons have it or if
    a seed lists it. Any other text becomes `(rare)`, because it may describe one single person.
-#}

{#-
    Columns whose texts people type, per raw table, each with the seeds (seed, column) that list known texts. A column with `privacy:
    free_text` in its source that is not listed here is published nowhere; a test compares the two lists.
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

{#-
    Columns that hold a type of event, each with the prefix that int_person_events puts before it. Example: crm.loyalty_events earned
    is loyalty_earned
-#}
{% macro typed_event_columns() -%}
    {{ return({
        'crm.activities': ('activity_type', ''),
        'crm.loyalty_events': ('event_type', 'loyalty_'),
        'marketing.email_events': ('event_type', 'email_'),
        'marketing.social_interactions': ('interaction_type', 'social_'),
        'marketing.offline_visits': ('place_type', 'visit_'),
    }) }}
{%- endmacro %}

{#- All columns of free_text_columns, as texts such as crm.deals.pipeline. -#}
{% macro free_text_names() -%}
    {%- set names = [] -%}
    {%- for table, columns in free_text_columns().items() -%}
        {%- for column in columns -%}{%- do names.append(table ~ '.' ~ column) -%}{%- endfor -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#-
    A typed text as it is published: the text if it is shared or known, else '(rare)'.

    Parameters: text, an expression; texts, the alias of join_shared_text.
    'unknown' and '(masked)' are the project's own words and always shown. 'all' becomes '(all)', because tables of sums call the
    total 'all'.
-#}
{% macro shown_text(text, texts) -%}
    case
        when {{ lower_case(text) }} = 'all' then '(all)'
        when {{ texts }}.shared_text is not null or {{ text }} is null or {{ text }} in ('unknown', '(masked)') then {{ text }}
        else '(rare)'
    end
{%- endmacro %}

{#-
    Joins the published form of a text, if there is one. Parameters: alias; source_column, an expression such as
    "'crm.deals.pipeline'"; text.
-#}
{% macro join_shared_text(alias, source_column, text) -%}
left join {{ ref('int_shared_texts') }} as {{ alias }}
    on {{ alias }}.source_column = {{ source_column }}
    and {{ alias }}.shared_text = {{ lower_case(text) }}
{%- endmacro %}

{#-
    A relation with one more column <column>_shown for each given column: the text as it is published. The original stays, for models
    that map it.

    Parameters: relation; source_table; columns, which must stand in free_text_columns.
    Example: {{ shown_texts(accepted('crm', 'quotes'), 'crm.quotes', ['status']) }}
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

{#- Joins the published form of an identifier type. A type counts as the same in all raw tables. -#}
{% macro join_shared_identifier_type(alias, identifiers) -%}
left join (
    select distinct shared_text
    from {{ ref('int_shared_texts') }}
    where source_column like '%.identifier_type'
) as {{ alias }} on {{ identifiers }}.identifier_type = {{ alias }}.shared_text
{%- endmacro %}

{#- Type of an event of int_person_events as it is published. Types that the project itself gives are always shown. -#}
{% macro shown_event_type(events, texts) -%}
    case
        when {{ events }}.source_table in ('{{ typed_event_columns() | join("', '") }}')
            and {{ texts }}.shared_text is null and {{ events }}.event_type not like '%(masked)' then '(rare)'
        else {{ events }}.event_type
    end
{%- endmacro %}

{#- Joins the published form of an event type, without the prefix that int_person_events puts before it; see shown_event_type. -#}
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
