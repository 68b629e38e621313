-- Abandoned carts and sessions with an order exclude each other, and every human session is counted once; otherwise the shop would seem to
-- lose carts that were bought.
with counted as (

    select
        sum(sessions) as sessions,
        sum(order_sessions) as order_sessions,
        sum(carts_abandoned) as carts_abandoned,
        sum(checkouts_abandoned) as checkouts_abandoned
    from {{ ref('kpi_cart') }}
    where dimension = 'all'

),

ordering as (

    select distinct session_id
    from {{ ref('fct_orders') }}
    where session_id is not null

),

human_sessions as (

    select
        count(*) as sessions,
        count(*) filter (where sessions.has_order or ordering.session_id is not null) as order_sessions,
        count(*) filter (where sessions.has_cart and not sessions.has_order and ordering.session_id is null) as carts_abandoned,
        count(*) filter (where sessions.has_checkout and not sessions.has_order and ordering.session_id is null) as checkouts_abandoned
    from {{ ref('fct_sessions') }} as sessions
    left join ordering on sessions.session_id = ordering.session_id
    where not sessions.is_bot and not sessions.is_endless

)

select concat_ws(' ', cast(month_start as string), dimension, dimension_value) as problem
from {{ ref('kpi_cart') }}
where
    carts_abandoned > cart_sessions
    or checkouts_abandoned > checkout_sessions
    or forms_abandoned > form_sessions
    or carts_abandoned + order_sessions < cart_sessions
    or checkouts_abandoned + order_sessions < checkout_sessions
union all
select 'sessions that are in no month' as problem
from counted
cross join human_sessions
where
    coalesce(counted.sessions, 0) <> human_sessions.sessions
    or coalesce(counted.order_sessions, 0) <> human_sessions.order_sessions
    or coalesce(counted.carts_abandoned, 0) <> human_sessions.carts_abandoned
    or coalesce(counted.checkouts_abandoned, 0) <> human_sessions.checkouts_abandoned
