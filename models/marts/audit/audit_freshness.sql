{%- set weeks = 8 -%}
{#- fewest weeks that a usual number is computed from -#}
{%- set least_weeks = 4 -%}
{%- set delayed = setting('volume_delay_tables').replace(' ', '').split(',') -%}

{# age of rows in days before as-of; a table whose business time is a date has no latest_at #}
with days as (

    {%- for source_name, table_name in staged_tables() %}
    {%- set spec = source_spec(source_name, table_name) %}
    {%- set name = source_name ~ '.' ~ table_name %}
    {%- set delay = setting('volume_delay_days') if delayed == ['all'] or name in delayed else 0 %}
    {%- set time = spec.config.meta.get('business_time', 'updated_at') %}
    {%- set is_date = time in spec.columns and spec.columns[time].config.meta.kind == 'date' %}
    select
        '{{ name }}' as source_table,
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
        {% if 'business_time' in spec.config.meta -%}
        cast({{ add_days(reporting_date(as_of()), '-1 - ' ~ delay) }} as date) as last_day,
        {%- else -%}
        cast(null as date) as last_day,
        {%- endif %}
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
        *,
        'all' as source
    from days
    union all
    select named.*
    from named
    inner join several on named.source_table = several.source_table

),

latest as (

    select
        source_table,
        source,
        max(latest_at) as latest_at,
        max(latest_date) as latest_date,
        max(last_day) as last_day,
        coalesce(
            cast({{ hours_between('max(latest_at)', as_of()) }} as double),
            cast(24 * {{ days_between('max(latest_date)', reporting_date(as_of())) }} as double)
        ) as hours_since_latest,
        cast(coalesce(sum(row_count) filter (where age_days < 7), 0) as bigint) as rows_last_7_days
    from by_source
    group by source_table, source

),

{# rows are counted in weeks that end at as-of, and on the weekday of the last complete day, whose age is 0 #}
ages as (

    select
        source_table,
        source,
        'week' as unit,
        7 as unit_days,
        age_days as age,
        row_count
    from by_source
    union all
    select
        source_table,
        source,
        'weekday' as unit,
        1 as unit_days,
        {{ days_between('latest_date', 'last_day') }} as age,
        row_count
    from by_source
    where last_day is not null

),

{# for a source without rows for more than a week, weeks are counted back from its latest row #}
histories as (

    select
        source_table,
        source,
        unit,
        unit_days,
        case when unit = 'week' then greatest(min(age), 7) - 7 else 0 end as starts_at_age,
        max(age) as first_age
    from ages
    group by source_table, source, unit, unit_days

),

{# period 0 is the judged day or the last seven days; the earlier periods give the usual number of rows #}
periods as (

    select
        histories.source_table,
        histories.source,
        histories.unit,
        numbers.period_number,
        histories.starts_at_age + 7 * numbers.period_number as youngest_age,
        histories.starts_at_age + 7 * numbers.period_number + histories.unit_days - 1 as oldest_age
    from histories
    cross join range({{ weeks + 1 }}) as numbers (period_number)
    where histories.starts_at_age + 7 * numbers.period_number + histories.unit_days - 1 <= histories.first_age

),

counts as (

    select
        periods.source_table,
        periods.source,
        periods.unit,
        periods.period_number,
        cast(coalesce(sum(ages.row_count), 0) as bigint) as row_count
    from periods
    left join ages
        on periods.source_table = ages.source_table
        and periods.source = ages.source
        and periods.unit = ages.unit
        and ages.age between periods.youngest_age and periods.oldest_age
    group by periods.source_table, periods.source, periods.unit, periods.period_number

),

usual as (

    select
        source_table,
        source,
        unit,
        max(row_count) filter (where period_number = 0) as last_rows,
        cast(median(row_count) filter (where period_number > 0) as double) as usual_rows
    from counts
    group by source_table, source, unit
    having count(*) filter (where period_number > 0) >= {{ least_weeks }}

),

{# median and median absolute deviation, because one bad day neither shifts them nor hides the next one #}
deviations as (

    select
        usual.source_table,
        usual.source,
        usual.last_rows,
        usual.usual_rows,
        cast(median(abs(counts.row_count - usual.usual_rows)) filter (where counts.period_number > 0) as double) as deviation
    from usual
    inner join counts
        on usual.source_table = counts.source_table
        and usual.source = counts.source
        and usual.unit = counts.unit
    where usual.unit = 'weekday'
    group by usual.source_table, usual.source, usual.last_rows, usual.usual_rows

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

{# the lower bound is at least a fifth of the median, so that a lost export is noticed also in tables whose days vary much #}
bounds as (

    select
        *,
        greatest(usual_rows - margin, usual_rows / 5) as low,
        usual_rows + margin as high
    from volumes

),

raw_tables as (

    {%- for source_name, table_name in staged_tables() %}
    select '{{ source_name }}.{{ table_name }}' as source_table
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    raw_tables.source_table,
    coalesce(latest.source, 'all') as source,
    latest.latest_at,
    latest.latest_date,
    latest.hours_since_latest,
    coalesce(latest.rows_last_7_days, 0) as rows_last_7_days,
    weekly.usual_rows as usual_rows_7_days,
    {# a source that rarely has rows is not stale because none came #}
    latest.hours_since_latest > 24 * {{ setting('stale_after_days') }}
    and weekly.usual_rows * latest.hours_since_latest / 168 >= {{ setting('stale_after_rows') }} as is_stale,
    case when bounds.usual_rows is not null then latest.last_day end as last_day,
    bounds.last_rows as rows_last_day,
    bounds.usual_rows as usual_rows_last_day,
    bounds.low as usual_rows_low,
    bounds.high as usual_rows_high,
    {# small counts vary too much by chance to be judged #}
    case
        when bounds.usual_rows < {{ setting('volume_min_rows') }} then null
        when bounds.last_rows < bounds.low then 'low'
        when bounds.last_rows > bounds.high then 'high'
        when bounds.last_rows is not null then 'usual'
    end as volume
from raw_tables
left join latest on raw_tables.source_table = latest.source_table
left join bounds
    on latest.source_table = bounds.source_table
    and latest.source = bounds.source
left join usual as weekly
    on latest.source_table = weekly.source_table
    and latest.source = weekly.source
    and weekly.unit = 'week'
