with events as (

    select * from {{ accepted('web', 'events') }}

),

{# without the long text columns, because all events are sorted here; int_session_entries reads texts of first events only #}
with_gaps as (

    select
        anonymous_id,
        occurred_at,
        event_id,
        event_name,
        order_id,
        engagement_ms,
        page_load_ms > {{ setting('slow_page_ms') }} as is_slow,
        coalesce(
            {{ seconds_between('lag(occurred_at) over visitor', 'occurred_at') }} > 60 * {{ setting('session_timeout_minutes') }},
            true
        ) as is_first,
        coalesce(lag(occurred_at) over visitor = occurred_at, false) as is_tied
    from events
    window visitor as (partition by anonymous_id order by occurred_at, event_id)

)

select
    anonymous_id,
    occurred_at,
    event_id,
    event_name,
    order_id,
    engagement_ms,
    is_slow,
    is_first,
    is_tied,
    cast(sum(case when is_first then 1 else 0 end) over (
        partition by anonymous_id
        order by occurred_at, event_id
        rows between unbounded preceding and current row
    ) as bigint) as session_number
from with_gaps
