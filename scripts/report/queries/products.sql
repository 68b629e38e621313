select
    products.dimension_value as product_id, dim.product_name as product, sum(products.views) as views, sum(products.orders) as orders,
    sum(products.quantity) as quantity, sum(products.revenue) as revenue, sum(products.viewers_who_ordered) as viewers_who_ordered
from marts.kpi_products as products
left join marts.dim_products as dim on products.dimension_value = dim.product_id
where products.dimension = 'product'
group by all
order by revenue desc nulls last, product_id
limit 20
