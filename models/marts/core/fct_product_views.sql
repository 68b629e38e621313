with sessions as (

    select * from {{ ref('int_session_persons') }}

),

products as (

    select product_id from {{ accepted('orders', 'products') }}

),

{# what a page sends for a product may be anything, so what the catalogue does not know is masked #}
events as (

    select
        web_events.anonymous_id,
        coalesce(products.product_id, {{ masked('web_events.product_id') }}) as product_id,
        web_events.event_name,
        web_events.occurred_at
    from {{ accepted('web', 'events') }} as web_events
    left join products on web_events.product_id = products.product_id
    where web_events.product_id is not null and web_events.event_name in ('product_view', 'add_to_cart')

)

{# sessions of one cookie do not overlap, so each event has one; fewer rows are joined than by the events' ids #}
select
    {{ keyed_hash(["'product_view'", 'sessions.session_id', 'events.product_id']) }} as product_view_id,
    sessions.session_id,
    sessions.person_id,
    events.product_id,
    min(events.occurred_at) as viewed_at,
    {{ reporting_date('min(events.occurred_at)') }} as viewed_date,
    count(*) filter (where events.event_name = 'product_view') as views,
    count(*) filter (where events.event_name = 'add_to_cart') as cart_additions,
    sessions.is_human
from events
inner join sessions
    on events.anonymous_id = sessions.anonymous_id
    and events.occurred_at >= sessions.started_at
    and events.occurred_at <= sessions.ended_at
group by sessions.session_id, sessions.person_id, sessions.is_human, events.product_id
