with bounds as (

    select
        coalesce(min({{ reporting_date('first_seen_at') }}), {{ reporting_date(as_of()) }}) as first_date,
        {{ reporting_date(as_of()) }} as last_date
    from {{ ref('int_person_identifiers') }}

),

days as (

    select date_day
    from {{ date_spine('(select first_date from bounds)', '(select last_date from bounds)') }}

)

select
    cast(days.date_day as string) as date_id,
    days.date_day,
    {{ month_of('days.date_day') }} as month_start,
    cast(year(days.date_day) as integer) as year_number,
    cast(quarter(days.date_day) as integer) as quarter_number,
    cast(month(days.date_day) as integer) as month_number,
    cast(day(days.date_day) as integer) as day_of_month,
    cast({{ iso_weekday('days.date_day') }} as integer) as iso_weekday,
    weekday_labels.label_en as weekday_en,
    weekday_labels.label_vi as weekday_vi
from days
inner join {{ ref('weekday_labels') }} as weekday_labels on {{ iso_weekday('days.date_day') }} = weekday_labels.iso_weekday
union all
select
    'unknown' as date_id,
    cast(null as date) as date_day,
    cast(null as date) as month_start,
    {% for column in ['year_number', 'quarter_number', 'month_number', 'day_of_month', 'iso_weekday'] -%}
    cast(null as integer) as {{ column }},
    {% endfor -%}
    'Unknown' as weekday_en,
    'Không rõ' as weekday_vi
