with reviews as (

    select * from {{ shown_texts(accepted('feedback', 'reviews'), 'feedback.reviews', ['platform']) }} as reviews

),

source_events as (

    select
        events.source_id,
        persons.person_id
    from {{ ref('int_person_events') }} as events
    inner join {{ ref('int_persons') }} as persons on events.person_key = persons.person_key
    where events.source_table = 'feedback.reviews'

),

products as (

    select * from {{ accepted('orders', 'products') }}

),

orders as (

    select * from {{ ref('int_order_persons') }}

),

answered as (

    select
        *,
        {# a reply dated before the review has no duration: it belongs to another review, or a clock is wrong #}
        case when replied_at >= reviewed_at then {{ microseconds_between('reviewed_at', 'replied_at') }} end as reply_microseconds
    from reviews

)

select
    answered.review_id,
    source_events.person_id,
    orders.order_id,
    coalesce(answered.product_id, 'unknown') as product_id,
    coalesce(products.category, 'unknown') as product_category,
    coalesce(answered.platform_shown, 'unknown') as platform,
    answered.reviewed_at,
    {{ reporting_date('answered.reviewed_at') }} as reviewed_date,
    answered.rating,
    case
        when answered.rating >= 4 then 'positive'
        when answered.rating <= 2 then 'negative'
        else 'neutral'
    end as sentiment,
    answered.replied_at,
    answered.replied_at is not null as is_replied,
    answered.reply_microseconds / cast(3600000000 as double) as reply_hours
from answered
inner join source_events on answered.review_id = source_events.source_id
{{ join_kept('kept_orders', 'orders.orders', 'answered.order_id') }}
left join orders on {{ kept_id('kept_orders', 'answered.order_id') }} = orders.order_id
left join products on answered.product_id = products.product_id
