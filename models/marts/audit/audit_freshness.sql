{%- set weeks = 8 -%}
{#- fewest weeks that a usual number is computed from -#}
{%- set least_weeks = 4 -%}
{%- set last_day_over = add_days(reporting_date(as_of()), '-1 - ' ~ setting('volume_delay_days')) -%}

{# age of rows in days before as-of; a table whose business time is a date has no latest_at #}
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
        {{ reporting_date(time) }} as latest_date,
        {%- endif %}
        {# without a business time only updated_at is known; updates move it, so the rows of a past day cannot be counted #}
        {{ 'business_time' in spec.config.meta }} as has_days,
        count(*) as row_count
    from {{ accepted(source_name, table_name) }} as counted
    where {{ time }} <= {{ reporting_date(as_of()) if is_date else as_of() }}
    group by
        _file_id, {{ time if is_date
            else reporting_date(time) ~ ', cast(floor(' ~ hours_between(time, as_of()) ~ ' / 24) as bigint)' }}
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
        has_days,
        row_count
    from named
    union all
    select
        named.source_table,
        named.source,
        named.age_days,
        named.latest_at,
        named.latest_date,
        named.has_days,
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
        min(latest_date) as first_date,
        bool_and(has_days) as has_days,
        cast(coalesce(sum(row_count) filter (where age_days < 7), 0) as bigint) as rows_last_7_days
    from by_source
    group by source_table, source

),

{# the weeks before the last seven days; for a source that has been silent for longer, the weeks up to its latest row #}
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
        case when count(*) >= {{ least_weeks }} then cast(median(row_count) as double) end as usual_rows_7_days
    from counts_of_weeks
    group by source_table, source

),

{# the last complete day (week 0, the one that is judged) and the same weekday of the weeks before #}
weekdays as (

    select
        latest.source_table,
        latest.source,
        weeks.week,
        cast({{ add_days(last_day_over, '-7 * weeks.week') }} as date) as counted_date
    from latest
    cross join range({{ weeks + 1 }}) as weeks (week)
    where latest.has_days and cast({{ add_days(last_day_over, '-7 * weeks.week') }} as date) >= latest.first_date

),

counts_of_weekdays as (

    select
        weekdays.source_table,
        weekdays.source,
        weekdays.week,
        weekdays.counted_date,
        cast(coalesce(sum(by_source.row_count), 0) as bigint) as row_count
    from weekdays
    left join by_source
        on weekdays.source_table = by_source.source_table
        and weekdays.source = by_source.source
        and weekdays.counted_date = by_source.latest_date
    group by weekdays.source_table, weekdays.source, weekdays.week, weekdays.counted_date

),

medians as (

    select
        source_table,
        source,
        cast(median(row_count) filter (where week > 0) as double) as usual_rows
    from counts_of_weekdays
    group by source_table, source
    having count(*) filter (where week > 0) >= {{ least_weeks }}

),

{# median and median absolute deviation, because one bad day neither shifts them nor hides the next one #}
deviations as (

    select
        medians.source_table,
        medians.source,
        medians.usual_rows,
        max(counts.counted_date) filter (where counts.week = 0) as last_day,
        max(counts.row_count) filter (where counts.week = 0) as rows_last_day,
        cast(median(abs(counts.row_count - medians.usual_rows)) filter (where counts.week > 0) as double) as deviation
    from medians
    inner join counts_of_weekdays as counts
        on medians.source_table = counts.source_table
        and medians.source = counts.source
    group by medians.source_table, medians.source, medians.usual_rows

),

{# 1.4826 turns the deviation into a standard deviation; at least sqrt(median), by which counts vary by chance (Poisson) #}
volumes as (

    select
        *,
        greatest(
            {{ setting('volume_spreads') }} * greatest(1.4826 * deviation, sqrt(usual_rows)),
            {{ setting('volume_min_change') }} * usual_rows
        ) as margin
    from deviations

),

{# at least a tenth of the median, so that a lost export is low in tables whose days vary much, too #}
bounds as (

    select
        *,
        greatest(usual_rows - margin, usual_rows / 5) as low,
        usual_rows + margin as high
    from volumes

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
    {# a source that seldom has rows is not stale because none came #}
    aged.hours_since_latest > 24 * {{ setting('stale_after_days') }}
    and usual.usual_rows_7_days * aged.hours_since_latest / 168 >= {{ setting('stale_after_rows') }} as is_stale,
    bounds.last_day,
    bounds.rows_last_day,
    bounds.usual_rows as usual_rows_last_day,
    bounds.low as usual_rows_low,
    bounds.high as usual_rows_high,
    {# small counts vary too much by chance to be judged #}
    case
        when bounds.usual_rows < {{ setting('volume_min_rows') }} then null
        when bounds.rows_last_day < bounds.low then 'low'
        when bounds.rows_last_day > bounds.high then 'high'
        when bounds.rows_last_day is not null then 'usual'
    end as volume
from landable
left join aged on landable.source_table = aged.source_table
left join bounds
    on aged.source_table = bounds.source_table
    and aged.source = bounds.source
left join usual
    on aged.source_table = usual.source_table
    and aged.source = usual.source
