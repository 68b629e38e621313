{%- set item_amount -%}
    (cast(items.quantity as double) * cast(items.unit_price as double) - cast(coalesce(items.discount_amount, 0) as double))
    * coalesce(cast(orders.rate as double), 1)
{%- endset -%}
{%- set item_discount = 'cast(coalesce(items.discount_amount, 0) as double) * coalesce(cast(orders.rate as double), 1)' -%}
{#- a line's own cost is in the currency of its order; a product has no currency, so its cost is in the reporting currency -#}
{%- set item_cost -%}
    cast(items.quantity as double) * coalesce(
        cast(items.unit_cost as double) * coalesce(cast(orders.rate as double), 1),
        cast(products.unit_cost as double)
    )
{%- endset -%}

with items as (

    select * from {{ accepted('orders', 'order_items') }}

),

products as (

    select * from {{ accepted('orders', 'products') }}

),

orders as (

    select * from {{ ref('int_order_persons') }}

)

select
    {{ keyed_hash(["'order_item'", 'items.order_id', 'items.line_number']) }} as order_item_id,
    items.order_id,
    items.line_number,
    persons.person_id,
    orders.ordered_at,
    items.product_id,
    items.quantity,
    {# null for an amount too large for the money type, so that one absurd line does not stop the build #}
    try_cast({{ round_double(item_amount, setting('currency_decimals')) }} as decimal(18, 4)) as item_amount,
    try_cast({{ round_double(item_discount, setting('currency_decimals')) }} as decimal(18, 4)) as discount_amount,
    try_cast({{ round_double(item_cost, setting('currency_decimals')) }} as decimal(18, 4)) as item_cost
from items
inner join orders on items.order_id = orders.order_id
inner join {{ ref('int_persons') }} as persons on orders.person_key = persons.person_key
left join products on items.product_id = products.product_id
{{ in_order_of('orders.person_key, orders.ordered_at, items.order_id, items.line_number') }}
