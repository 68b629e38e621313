with sessions as (

    select * from {{ ref('int_session_persons') }}

),

products as (

    select product_id from {{ accepted('orders', 'products') }}

),

{# a page may send anything as product_id, so ids that the catalogue does not have are masked #}
events as (

    select
        web_events.anonymous_id,
        coalesce(products.product_id, {{ masked('web_events.product_id') }}) as product_id,
        web_events.event_name,
        web_events.occurred_at
    from {{ accepted('web', 'events') }} as web_events
    left join products on web_events.product_id = products.product_id
    where web_events.product_id is not null and web_events.event_name in ('product_view', 'add_to_cart')

),

{# sessions of one cookie do not overlap, so the time finds the one session of an event; cheaper than a join by event id #}
views as (

    select
        sessions.session_key,
        events.product_id,
        min(events.occurred_at) as viewed_at,
        count(*) filter (where events.event_name = 'product_view') as views,
        count(*) filter (where events.event_name = 'add_to_cart') as cart_additions
    from events
    inner join sessions
        on events.anonymous_id = sessions.anonymous_id
        and events.occurred_at >= sessions.started_at
        and events.occurred_at <= sessions.ended_at
    group by sessions.session_key, events.product_id

)

select
    {{ keyed_hash(["'product_view'", 'sessions.session_id', 'views.product_id']) }} as product_view_id,
    sessions.session_id,
    persons.person_id,
    views.product_id,
    views.viewed_at,
    {{ reporting_date('views.viewed_at') }} as viewed_date,
    views.views,
    views.cart_additions,
    sessions.is_human
from views
inner join sessions on views.session_key = sessions.session_key
inner join {{ ref('int_persons') }} as persons on sessions.person_key = persons.person_key
{{ in_order_of('sessions.person_key, views.viewed_at, sessions.session_key, views.product_id') }}
