-- Recounts cart abandonment and recovery from sessions and the first order after each. A cart bought after the recovery window is not
-- recovered; a cart that ended in an order was never abandoned.
with ordering as (

    select distinct session_id from {{ ref('fct_orders') }}

),

visits as (

    select
        sessions.*,
        {{ month_of('sessions.started_date') }} as month_start,
        sessions.has_cart and not sessions.has_order and ordering.session_id is null as is_left_behind
    from {{ ref('fct_sessions') }} as sessions
    left join ordering on sessions.session_id = ordering.session_id
    where not sessions.is_bot and not sessions.is_endless

),

next_orders as (

    select
        visits.session_id,
        min({{ microseconds_between('visits.ended_at', 'orders.ordered_at') }}) as microseconds_to_order
    from visits
    inner join {{ ref('fct_orders') }} as orders
        on visits.person_id = orders.person_id
        and visits.ended_at < orders.ordered_at
    where visits.is_left_behind and visits.person_id <> 'unknown' and orders.is_conversion
    group by visits.session_id

),

counted as (

    select
        visits.month_start,
        count(*) as sessions,
        count(*) filter (where visits.has_cart) as cart_sessions,
        count(*) filter (where visits.is_left_behind) as carts_abandoned,
        count(*) filter (
            where next_orders.microseconds_to_order <= {{ setting('cart_recovery_days') }} * cast(86400000000 as bigint)
        ) as carts_recovered
    from visits
    left join next_orders on visits.session_id = next_orders.session_id
    group by visits.month_start

),

published as (

    select * from {{ ref('kpi_cart') }}
    where dimension = 'all'

)

select cast(coalesce(published.month_start, counted.month_start) as string) as problem
from published
full outer join counted on published.month_start = counted.month_start
where
    published.sessions is distinct from counted.sessions
    or published.cart_sessions <> counted.cart_sessions
    or published.carts_abandoned <> counted.carts_abandoned
    or published.carts_recovered <> counted.carts_recovered
    or {{ differ('cast(counted.carts_abandoned as double) / nullif(counted.cart_sessions, 0)', 'published.cart_abandonment_rate') }}
    {# the month is mature once its last cart has had the full recovery window #}
    or (published.recovery_rate is not null) <> (
        counted.carts_abandoned > 0
        and {{ add_days('cast(' ~ add_months('published.month_start', 1) ~ ' as timestamp)', setting('cart_recovery_days')) }}
        <= cast({{ reporting_date(as_of()) }} as timestamp)
    )
    or {{ differ(
        'case when published.recovery_rate is not null then cast(counted.carts_recovered as double) / counted.carts_abandoned end',
        'published.recovery_rate'
    ) }}
