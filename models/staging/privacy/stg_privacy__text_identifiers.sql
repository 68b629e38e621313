{#-
    A view, because a search of every landed text takes as long as staging; only erasure reads it, and only if there is somebody to
    erase. Texts are searched as people write them: percent-encoded once or more, in full-width characters, with invisible characters.
-#}
{{ config(materialized='view') }}

{%- set searched = [] -%}
{%- for source_name, table_name in staged_tables() -%}
    {%- set columns = source_spec(source_name, table_name).columns.values() | list -%}
    {%- for is_owner in [true, false] -%}
        {%- set names = [] -%}
        {%- for column in columns if column.config.meta.kind not in fallible_kinds() and is_of_owner(column) == is_owner -%}
            {%- do names.append('landed.' ~ column.name) -%}
        {%- endfor -%}
        {%- if names or not execute -%}{%- do searched.append((source_name, table_name, is_owner, names)) -%}{%- endif -%}
    {%- endfor -%}
{%- endfor %}

with texts as (

    {%- for source_name, table_name, is_owner, names in searched %}
    select
        '{{ source_name }}.{{ table_name }}' as source_table,
        landed._file_id,
        landed._row_number,
        {{ is_owner }} as is_owner,
        concat_ws(' | ', {{ names | join(', ') }}) as written
    from {{ source(source_name, table_name) }} as landed
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

readable as (

    select
        source_table,
        _file_id,
        _row_number,
        is_owner,
        {{ readable_text('written') }} as written
    from texts
    where
        {{ regex_like('written', "'" ~ personal_data_pattern(['address', 'international', 'national']) ~ "'") }}
        {# invisible characters may hide a number, so such texts are read too #}
        or {{ regex_like('written', "'[^ -~]'") }}

),

found as (

    select source_table, _file_id, _row_number, is_owner, 'email' as identifier_type, {{ addresses_in('written') }} as written
    from readable
    union all
    select source_table, _file_id, _row_number, is_owner, 'phone' as identifier_type, {{ numbers_in('written') }} as written
    from readable

),

identified as (

    select
        source_table,
        _file_id,
        _row_number,
        is_owner,
        case
            when identifier_type = 'email' then {{ identifier_key("'email'", normalize_email('written')) }}
            else {{ identifier_key("'phone'", normalize_phone('written')) }}
        end as identifier
    from found

)

select distinct
    source_table,
    _file_id,
    _row_number,
    is_owner,
    identifier
from identified
where identifier is not null
