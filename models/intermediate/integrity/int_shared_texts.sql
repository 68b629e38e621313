-- sqlfluff:exclude_rules:layout.indent
{# The line above: a loop writes the CTEs, and they are indented for the reader of this file. #}
{#-
    A text counts for the person of its row: that of the first of these identifiers that the row has. For a row without a person it counts
    for the company or order.
-#}
{%- set identifiers = {
    'contact_id': 'contact_id', 'referrer_contact_id': 'contact_id', 'email': 'email', 'phone': 'phone', 'anonymous_id': 'anonymous_id',
    'company_id': 'company_id', 'order_id': 'order_id',
} -%}
{%- set columns_by_table = free_text_columns() -%}

with
{%- for source_table, columns in columns_by_table.items() %}
{%- set source_name, table_name = source_table.split('.') %}
{%- set table_columns = source_spec(source_name, table_name).columns %}
{{ table_name }} as (

    select distinct
        {%- for column in columns %}
        {{ lower_case(column) }} as {{ column }},
        {%- endfor %}
        {%- if 'identifier_value' in table_columns %}
        {{ identifier_key('identifier_type', 'identifier_value') }} as identifier
        {%- else %}
        coalesce(
            {%- for name, type in identifiers.items() if name in table_columns %}
            {{ identifier_key("'" ~ type ~ "'", name) }},
            {%- endfor %}
            null
        ) as identifier
        {%- endif %}
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }}
    where
        not is_deleted
        {#- superseded versions of contacts count too, because dim_persons_history publishes them #}
        and (row_status in ('accepted', 'quarantined'){{ " or row_reason = 'superseded'" if source_table == 'crm.contacts' }})

),
{%- endfor %}

all_texts as (

    {%- for source_table, columns in columns_by_table.items() %}
    {%- set outer_last = loop.last %}
    {%- for column in columns %}
    select
        '{{ source_table }}.{{ column }}' as source_column,
        {{ column }} as shared_text,
        identifier
    from {{ source_table.split('.')[1] }}
    where {{ column }} is not null
    {%- if not (outer_last and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

{# a refund or review that names only an order belongs to the order's person #}
orders_of_persons as (

    select
        {{ identifier_key("'order_id'", 'order_id') }} as identifier,
        person_key
    from {{ ref('int_order_persons') }}

),

counted as (

    select
        all_texts.source_column,
        all_texts.shared_text,
        {# a row that names only an order that does not exist counts for nobody #}
        count(distinct coalesce(
            cast(persons.person_key as string),
            cast(orders_of_persons.person_key as string),
            case when all_texts.identifier not like 'order_id:%' then all_texts.identifier end
        )) as person_count
    from all_texts
    left join {{ ref('int_person_identifiers') }} as persons on all_texts.identifier = persons.identifier
    left join orders_of_persons on all_texts.identifier = orders_of_persons.identifier
    group by all_texts.source_column, all_texts.shared_text

),

known as (

    select
        source_column,
        {{ lower_case('known_text') }} as shared_text
    from {{ ref('known_texts') }}
    {%- for source_table, columns in columns_by_table.items() %}
    {%- for column, seeds in columns.items() %}
    {%- set event_column, event_prefix = typed_event_columns().get(source_table, ('', '')) %}
    {%- set prefix = event_prefix if column == event_column else '' %}
    {%- for seed, seed_column in seeds %}
    union
    select
        '{{ source_table }}.{{ column }}' as source_column,
        {{ lower_case("substr(" ~ seed_column ~ ", " ~ (prefix | length + 1) ~ ")") }} as shared_text
    from {{ ref(seed) }}
    {%- if prefix %}
    where {{ seed_column }} like '{{ prefix }}%'
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
    {%- endfor %}
    {%- for source_table in ['crm.contacts', 'crm.companies'] %}
    union
    select
        '{{ source_table }}.country' as source_column,
        codes.country_code as shared_text
    from (
        values
        {%- for code in phone_countries() %}
        ('{{ code | lower }}'){{ ',' if not loop.last }}
        {%- endfor %}
    ) as codes (country_code)
    {%- endfor %}

)

select
    coalesce(counted.source_column, known.source_column) as source_column,
    coalesce(counted.shared_text, known.shared_text) as shared_text,
    coalesce(counted.person_count, 0) as person_count,
    known.shared_text is not null as is_known
from counted
full outer join known
    on counted.source_column = known.source_column
    and counted.shared_text = known.shared_text
where counted.person_count >= {{ setting('free_text_min_persons') }} or known.shared_text is not null
