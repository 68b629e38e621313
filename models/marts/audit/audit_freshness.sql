{%- set weeks = 8 -%}

{# how many days before as-of each row is dated; a table of days has no moments #}
with days as (

    {%- for source_name, table_name in staged_tables() %}
    {%- set spec = source_spec(source_name, table_name) %}
    {%- set time = spec.config.meta.get('business_time', 'updated_at') %}
    {%- set is_date = time in spec.columns and spec.columns[time].config.meta.kind == 'date' %}
    select
        '{{ source_name }}.{{ table_name }}' as source_table,
        _file_id as file_id,
        {% if is_date -%}
        {{ days_between(time, reporting_date(as_of())) }} as age_days,
        cast(null as timestamp) as latest_at,
        {{ time }} as latest_date,
        {%- else -%}
        cast(floor({{ hours_between(time, as_of()) }} / 24) as bigint) as age_days,
        max({{ time }}) as latest_at,
        max({{ reporting_date(time) }}) as latest_date,
        {%- endif %}
        count(*) as row_count
    from {{ accepted(source_name, table_name) }} as counted
    where {{ time }} <= {{ reporting_date(as_of()) if is_date else as_of() }}
    group by _file_id, {{ time if is_date else 'cast(floor(' ~ hours_between(time, as_of()) ~ ' / 24) as bigint)' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

named as (

    select
        days.*,
        coalesce({{ masked('sources.source') }}, 'files') as source
    from days
    left join {{ source('private', 'sources') }} as sources on days.file_id = sources.file_id

),

several as (

    select source_table
    from named
    group by source_table
    having count(distinct source) > 1

),

by_source as (

    select
        source_table,
        'all' as source,
        age_days,
        latest_at,
        latest_date,
        row_count
    from named
    union all
    select
        named.source_table,
        named.source,
        named.age_days,
        named.latest_at,
        named.latest_date,
        named.row_count
    from named
    inner join several on named.source_table = several.source_table

),

latest as (

    select
        source_table,
        source,
        min(age_days) as latest_age,
        max(age_days) as first_age,
        max(latest_at) as latest_at,
        max(latest_date) as latest_date,
        cast(coalesce(sum(row_count) filter (where age_days < 7), 0) as bigint) as rows_last_7_days
    from by_source
    group by source_table, source

),

{# the weeks before those seven days; of a source that went silent earlier, before it did #}
usual_weeks as (

    select
        latest.source_table,
        latest.source,
        weeks.week,
        greatest(latest.latest_age, 7) + 7 * weeks.week as first_day
    from latest
    cross join range({{ weeks }}) as weeks (week)
    where greatest(latest.latest_age, 7) + 7 * weeks.week + 6 <= latest.first_age

),

counts_of_weeks as (

    select
        usual_weeks.source_table,
        usual_weeks.source,
        usual_weeks.week,
        cast(coalesce(sum(by_source.row_count), 0) as bigint) as row_count
    from usual_weeks
    left join by_source
        on usual_weeks.source_table = by_source.source_table
        and usual_weeks.source = by_source.source
        and by_source.age_days >= usual_weeks.first_day
        and by_source.age_days < usual_weeks.first_day + 7
    group by usual_weeks.source_table, usual_weeks.source, usual_weeks.week

),

usual as (

    select
        source_table,
        source,
        {# a month is the least from which anything is usual #}
        case when count(*) >= 4 then cast(median(row_count) as double) end as usual_rows_7_days
    from counts_of_weeks
    group by source_table, source

),

aged as (

    select
        *,
        case
            when latest_at is not null then cast({{ hours_between('latest_at', as_of()) }} as double)
            else cast(24 * {{ days_between('latest_date', reporting_date(as_of())) }} as double)
        end as hours_since_latest
    from latest

),

landable as (

    {%- for source_name, table_name in staged_tables() %}
    select '{{ source_name }}.{{ table_name }}' as source_table
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    landable.source_table,
    coalesce(aged.source, 'all') as source,
    aged.latest_at,
    aged.latest_date,
    aged.hours_since_latest,
    coalesce(aged.rows_last_7_days, 0) as rows_last_7_days,
    usual.usual_rows_7_days,
    {# a source that seldom has rows is not stale for having none #}
    aged.hours_since_latest > 24 * {{ setting('stale_after_days') }}
    and usual.usual_rows_7_days * aged.hours_since_latest / 168 >= {{ setting('stale_after_rows') }} as is_stale
from landable
left join aged on landable.source_table = aged.source_table
left join usual
    on aged.source_table = usual.source_table
    and aged.source = usual.source
