{#-
    A view, because searching every landed text takes as long as staging; only erasure reads it, and only if there is an open request.
    An address or number is also found percent-encoded (even several times), in base64, in full-width characters, with invisible
    characters, blanks or dashes between its letters, and with words for @ and the point. Columns of amounts, times and the like are
    searched where they cannot be read.

    On DuckDB alone: erasure works on the landed rows, which lie there whichever engine builds the models.
-#}
{{ config(materialized='view', enabled=target.type == 'duckdb') }}

{%- set searched = [] -%}
{%- for source_name, table_name in staged_tables() -%}
    {%- set own = source_spec(source_name, table_name).columns.values() | list -%}
    {%- set added = [
        {'name': 'updated_at', 'config': {'meta': {'kind': 'timestamp'}}}, {'name': 'is_deleted', 'config': {'meta': {'kind': 'boolean'}}},
    ] if own else [] -%}
    {%- for column in own + added -%}
        {%- set is_id = column.config.meta.kind == 'id' or column.name.endswith('_id') -%}
        {%- set unreadable = typed_value(column) ~ ' is null' if column.config.meta.kind in fallible_kinds() else '' -%}
        {%- do searched.append((source_name, table_name, column.name, is_id, is_of_owner(column), unreadable)) -%}
    {%- endfor -%}
    {#- While dbt parses there are no columns yet, but it must see which tables are read. -#}
    {%- if not execute -%}{%- do searched.append((source_name, table_name, 'updated_at', false, false, '')) -%}{%- endif -%}
{%- endfor %}

with texts as (

    {%- for source_name, table_name, column_name, is_id, is_owner, unreadable in searched %}
    select
        '{{ source_name }}.{{ table_name }}' as source_table,
        landed._file_id,
        landed._row_number,
        '{{ column_name }}' as column_name,
        {{ is_owner }} as is_owner,
        landed.{{ column_name }} as written
    from {{ source(source_name, table_name) }} as landed
    where
        {%- if unreadable %}
        {# most values are plain numbers and times, which one comparison recognises in a tenth of the time that reading them takes #}
        not {{ regex_like('landed.' ~ column_name, "'^([12][0-9]{3}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+(Z|[+-][0-9:]+)?)?|-?[0-9]{0,7}([.][0-9]+)?|true|false)" ~ text_end() ~ "'") }}
        and {{ may_name_somebody('landed.' ~ column_name) }}
        and {{ unreadable }}
        {%- else %}
        {{ may_name_somebody('landed.' ~ column_name, is_id) }}
        {%- endif %}
        {%- if is_id %}
        {# a line that could not be split into columns lands in the column of an id, but may hold anything #}
        or (landed.is_deleted = '(broken line)' and {{ may_name_somebody('landed.' ~ column_name) }})
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# the same texts come again and again (an address in each message to it), so each is read once #}
distinct_texts as (

    select distinct
        written as original,
        written
    from texts

),

decoded_once as (

    select
        original,
        {{ percent_decoded('written') }} as written
    from distinct_texts
    where contains(written, '%')

),

decoded_twice as (

    select
        original,
        {{ percent_decoded('written') }} as written
    from decoded_once
    where contains(written, '%')

),

tokens as (

    select
        original,
        {{ matches('written', "'" ~ base64_pattern() ~ "'") }} as token
    from distinct_texts

),

every_text as (

    select * from distinct_texts
    union all
    select * from decoded_once
    union all
    select * from decoded_twice
    union all
    select
        original,
        {{ base64_decoded('token') }} as written
    from tokens

),

readable as (

    select
        original,
        {{ readable_text('written') }} as written
    from every_text

),

spelled as (

    select
        original,
        written,
        {{ spelled_out('written') }} as spelled_out
    from readable

),

without_separators as (

    select
        original,
        written,
        spelled_out,
        {{ regex_remove('spelled_out', "'[^0-9a-z@.]'") }} as letters,
        {{ regex_remove('spelled_out', "'[^0-9a-z+]'") }} as digits
    from spelled

),

found as (

    {%- for kind, candidates in [
        ('email', addresses_in('written')),
        ('email', addresses_in('spelled_out', labels=2)),
        ('email', addresses_in('spelled_out', labels=3)),
        ('email', addresses_in('letters')),
        ('phone', numbers_in('written')),
        ('phone', numbers_in('digits')),
    ] %}
    select
        original,
        '{{ kind }}' as identifier_type,
        {{ candidates }} as candidate
    from without_separators
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# distinct before normalising, because most candidates are numbers of products and pages, which occur again and again #}
candidates as (

    select
        identifier_type,
        candidate,
        candidate as spelling
    from found
    union
    select
        identifier_type,
        candidate,
        '+' || {{ regex_remove('candidate', "'[^0-9]'") }} as spelling
    from found
    where identifier_type = 'phone'

),

identified as (

    select
        identifier_type,
        candidate,
        case
            when identifier_type = 'email' then {{ identifier_key("'email'", normalize_email('spelling')) }}
            else {{ identifier_key("'phone'", normalize_phone('spelling')) }}
        end as identifier
    from candidates

),

named as (

    select distinct
        found.original,
        identified.identifier
    from found
    inner join identified on found.identifier_type = identified.identifier_type and found.candidate = identified.candidate
    where identified.identifier is not null

)

select
    texts.source_table,
    texts._file_id,
    texts._row_number,
    texts.column_name,
    texts.is_owner,
    named.identifier
from texts
inner join named on texts.written = named.original
