{#-
    A view, because a search of every landed text takes as long as staging; only erasure reads it, and only if there is somebody to
    erase. Texts are searched as people write them: percent-encoded once or more, in base64, in full-width characters, with invisible
    characters, with blanks or dashes between the letters, and with words for @ and the point.
-#}
{{ config(materialized='view') }}

{%- set searched = [] -%}
{%- for source_name, table_name in staged_tables() -%}
    {%- for column in source_spec(source_name, table_name).columns.values() if column.config.meta.kind not in fallible_kinds() -%}
        {%- do searched.append((source_name, table_name, column.name, is_of_owner(column))) -%}
    {%- endfor -%}
    {#- While dbt parses there are no columns yet, but it must see which tables are read. -#}
    {%- if not execute -%}{%- do searched.append((source_name, table_name, 'updated_at', false)) -%}{%- endif -%}
{%- endfor %}

with texts as (

    {%- for source_name, table_name, column_name, is_owner in searched %}
    select
        '{{ source_name }}.{{ table_name }}' as source_table,
        landed._file_id,
        landed._row_number,
        '{{ column_name }}' as column_name,
        {{ is_owner }} as is_owner,
        landed.{{ column_name }} as written
    from {{ source(source_name, table_name) }} as landed
    where {{ may_name_somebody('landed.' ~ column_name) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

decoded_once as (

    select
        source_table,
        _file_id,
        _row_number,
        column_name,
        is_owner,
        {{ percent_decoded('written') }} as written
    from texts
    where contains(written, '%')

),

decoded_twice as (

    select
        source_table,
        _file_id,
        _row_number,
        column_name,
        is_owner,
        {{ percent_decoded('written') }} as written
    from decoded_once
    where contains(written, '%')

),

tokens as (

    select
        source_table,
        _file_id,
        _row_number,
        column_name,
        is_owner,
        {{ matches('written', "'" ~ base64_pattern() ~ "'") }} as token
    from texts

),

every_text as (

    select * from texts
    union all
    select * from decoded_once
    union all
    select * from decoded_twice
    union all
    select
        source_table,
        _file_id,
        _row_number,
        column_name,
        is_owner,
        {{ base64_decoded('token') }} as written
    from tokens

),

readable as (

    select
        source_table,
        _file_id,
        _row_number,
        column_name,
        is_owner,
        {{ readable_text('written') }} as written
    from every_text

),

spelled as (

    select
        source_table,
        _file_id,
        _row_number,
        column_name,
        is_owner,
        written,
        {{ spelled_out('written') }} as spelled_out
    from readable

),

squeezed as (

    select
        source_table,
        _file_id,
        _row_number,
        column_name,
        is_owner,
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
        source_table,
        _file_id,
        _row_number,
        column_name,
        is_owner,
        '{{ kind }}' as identifier_type,
        {{ candidates }} as candidate
    from squeezed
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# most candidates are numbers of products and pages, which come again and again; any may be a number of abroad without its plus sign #}
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

)

select distinct
    found.source_table,
    found._file_id,
    found._row_number,
    found.column_name,
    found.is_owner,
    identified.identifier
from found
inner join identified on found.identifier_type = identified.identifier_type and found.candidate = identified.candidate
where identified.identifier is not null
