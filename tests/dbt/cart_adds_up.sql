-- A session that ordered and counts as abandoned, or is counted twice, would show a leak in the shop where there is none.
with counted as (

    select
        sum(sessions) as sessions,
        sum(order_sessions) as order_sessions
    from {{ ref('kpi_cart') }}
    where dimension = 'all'

),

human_sessions as (

    select
        count(*) as sessions,
        count(*) filter (
            where has_order or session_id in (select orders.session_id from {{ ref('fct_orders') }} as orders)
        ) as order_sessions
    from {{ ref('fct_sessions') }}
    where not is_bot and not is_endless

)

select cart_key as problem
from {{ ref('kpi_cart') }}
where
    carts_recovered > carts_abandoned
    or carts_abandoned > cart_sessions
    or checkouts_abandoned > checkout_sessions
    or greatest(forms_abandoned, form_error_sessions) > form_sessions
    or greatest(cart_sessions, checkout_sessions, order_sessions, form_sessions) > sessions
    or carts_abandoned + order_sessions < cart_sessions
    or checkouts_abandoned + order_sessions < checkout_sessions
union all
select 'sessions that are in no month' as problem
from counted
cross join human_sessions
where
    coalesce(counted.sessions, 0) <> human_sessions.sessions
    or coalesce(counted.order_sessions, 0) <> human_sessions.order_sessions
