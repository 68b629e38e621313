-- Recounts the freshness of each raw table row by row. A table left out, or a row taken for a later one, would hide an export that has
-- stopped. Recounts the rows of the last day that is over, too, which the volume check holds against what is usual.
with tables as (

    {%- for source_name, table_name in staged_tables() %}
    {%- set spec = source_spec(source_name, table_name) %}
    {%- set name = source_name ~ '.' ~ table_name %}
    {%- set is_delayed = setting('volume_delay_tables') == 'all' or name in setting('volume_delay_tables') %}
    {%- set time = spec.config.meta.get('business_time', 'updated_at') %}
    {%- set is_date = time in spec.columns and spec.columns[time].config.meta.kind == 'date' %}
    select
        '{{ name }}' as source_table,
        {% if is_date -%}
        max({{ time }}) as latest_date,
        count(*) filter (where {{ days_between(time, reporting_date(as_of())) }} <= 6) as row_count
        {%- else -%}
        {{ reporting_date('max(' ~ time ~ ')') }} as latest_date,
        count(*) filter (where {{ time }} > {{ add_days(as_of(), -7) }}) as row_count
        {%- endif %},
        count(*) filter (
            where
            {{ days_between(time if is_date else reporting_date(time), reporting_date(as_of())) }}
            = 1 + {{ setting('volume_delay_days') if is_delayed else 0 }}
        ) as rows_last_day
    from {{ accepted(source_name, table_name) }} as counted
    where {{ time }} <= {{ reporting_date(as_of()) if is_date else as_of() }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

freshness as (

    select * from {{ ref('audit_freshness') }}
    where source = 'all'

)

select coalesce(tables.source_table, freshness.source_table) as problem
from tables
full outer join freshness on tables.source_table = freshness.source_table
where
    tables.row_count is distinct from freshness.rows_last_7_days
    or tables.latest_date is distinct from freshness.latest_date
    or freshness.hours_since_latest < 0
    or tables.rows_last_day <> freshness.rows_last_day
    or (freshness.volume = 'usual') <> (freshness.rows_last_day between freshness.usual_rows_low and freshness.usual_rows_high)
