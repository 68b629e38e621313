with products as (

    select * from {{ accepted('orders', 'products') }}

),

{# a product that was sold, viewed or reviewed may be missing from the catalogue #}
encountered as (

    select product_id from {{ ref('fct_order_items') }}
    union
    select product_id from {{ ref('fct_product_views') }}
    union
    select product_id from {{ ref('fct_reviews') }}

)

select
    coalesce(products.product_id, encountered.product_id) as product_id,
    coalesce({{ masked('products.product_name') }}, 'unknown') as product_name,
    coalesce({{ masked('products.category') }}, 'unknown') as category
from products
full outer join encountered on products.product_id = encountered.product_id
where coalesce(products.product_id, encountered.product_id) <> 'unknown'
union all
select
    'unknown' as product_id,
    'unknown' as product_name,
    'unknown' as category
