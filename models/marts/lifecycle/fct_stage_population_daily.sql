with entries as (

    select
        entries.entered_date,
        entries.stage_number,
        {# before the first entry a person was counted nowhere, so nothing is subtracted from `none` #}
        case when entries.entered_before_at is not null then entries.stage_number_before end as stage_number_before,
        persons.customer_type,
        persons.is_known,
        count(*) as persons
    from {{ ref('int_stage_entries') }} as entries
    inner join {{ ref('int_journey_persons') }} as persons on entries.person_key = persons.person_key
    group by
        entries.entered_date, entries.stage_number,
        case when entries.entered_before_at is not null then entries.stage_number_before end,
        persons.customer_type, persons.is_known

),

changes as (

    select
        stage_number,
        customer_type,
        is_known,
        entered_date as changed_date,
        persons as change
    from entries
    union all
    select
        stage_number_before as stage_number,
        customer_type,
        is_known,
        entered_date as changed_date,
        -persons as change
    from entries
    where stage_number_before is not null

),

daily_changes as (

    select
        stage_number,
        customer_type,
        is_known,
        changed_date,
        sum(change) as change,
        lead(changed_date) over (
            partition by stage_number, customer_type, is_known
            order by changed_date
        ) as next_changed_date
    from changes
    group by stage_number, customer_type, is_known, changed_date

),

{# spans without a change; they are expanded to days last, so that the running sum has few rows #}
spans as (

    select
        stage_number,
        customer_type,
        is_known,
        changed_date as first_date,
        coalesce({{ days_between('changed_date', 'next_changed_date') }}, {{ days_between('changed_date', reporting_date(as_of())) }} + 1)
            as day_count,
        sum(change) over (
            partition by stage_number, customer_type, is_known
            order by changed_date
            rows between unbounded preceding and current row
        ) as persons
    from daily_changes

)

select
    days.date_day,
    stages.framework,
    stages.stage,
    spans.customer_type,
    spans.is_known,
    {{ joined_labels('stage', 'stages.stage', ranked=true) }},
    cast(spans.persons as bigint) as persons
from spans
inner join {{ ref('int_framework_stages') }} as stages on spans.stage_number = stages.stage_number
inner join {{ ref('dim_dates') }} as days
    on days.date_day >= spans.first_date
    and {{ days_between('spans.first_date', 'days.date_day') }} < spans.day_count
{{ join_labels('stage', "'framework_stage'", "stages.framework || '.' || stages.stage") }}
{{ in_order_of('stages.framework, stages.stage, spans.customer_type, spans.is_known, days.date_day') }}
