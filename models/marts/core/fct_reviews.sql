with reviews as (

    select
        reviews.*,
        {{ person_key_of(['contact_id', 'email']) }} as named_person_key
    from {{ shown_texts(accepted('feedback', 'reviews'), 'feedback.reviews', ['platform']) }} as reviews
    {{ join_persons('reviews', ['contact_id', 'email'], 'reviewed_at') }}

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
    persons.person_id,
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
{{ join_kept('kept_orders', 'orders.orders', 'answered.order_id') }}
left join orders on {{ kept_id('kept_orders', 'answered.order_id') }} = orders.order_id
{# a review without a name may still have the order, and so its person #}
inner join {{ ref('int_persons') }} as persons
    on coalesce(nullif(answered.named_person_key, 0), orders.person_key, 0) = persons.person_key
left join products on answered.product_id = products.product_id
