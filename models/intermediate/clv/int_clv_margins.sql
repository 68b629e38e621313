with lines as (

    select
        items.order_id,
        products.category,
        cast(greatest(coalesce(items.item_amount, 0), 0) as double) as amount,
        cast(items.item_cost as double) as cost,
        sum(cast(greatest(coalesce(items.item_amount, 0), 0) as double)) over (partition by items.order_id) as order_amount
    from {{ ref('fct_order_items') }} as items
    left join {{ ref('dim_products') }} as products on items.product_id = products.product_id

),

{#
    an order's net revenue is allocated to its lines by their value; without lines it belongs to category unknown, whose cost is not
    known
#}
parts as (

    select
        orders.person_id,
        coalesce(lines.category, 'unknown') as category,
        cast(orders.net_revenue as double) * coalesce(lines.amount / lines.order_amount, 1) as revenue,
        case
            when lines.cost is not null then cast(orders.net_revenue as double) * lines.amount / lines.order_amount
            else 0
        end as covered_revenue,
        case
            when lines.cost is not null
                then cast(orders.net_revenue as double) * (lines.amount - lines.cost) / lines.order_amount
            else 0
        end as margin
    from {{ ref('fct_orders') }} as orders
    left join lines on orders.order_id = lines.order_id and lines.order_amount > 0
    where orders.is_conversion and orders.net_revenue > 0

),

bought as (

    select
        person_id,
        category,
        sum(cast({{ round_double('revenue', 4) }} as decimal(28, 4))) as revenue,
        sum(cast({{ round_double('covered_revenue', 4) }} as decimal(28, 4))) as covered_revenue,
        sum(cast({{ round_double('margin', 4) }} as decimal(28, 4))) as margin
    from parts
    group by person_id, category

),

categories as (

    select
        category,
        sum(revenue) as revenue,
        sum(covered_revenue) as covered_revenue,
        sum(margin) as margin
    from bought
    group by category

),

company as (

    select {{ margin_ratio('sum(margin)', 'sum(covered_revenue)') }} as ratio
    from categories

),

{# the smaller the share of revenue with known cost, the less weight the category's own ratio has #}
ratios as (

    select
        categories.category,
        company.ratio as company_ratio,
        company.ratio
        + {{ cost_coverage('categories.covered_revenue', 'categories.revenue') }}
        * (coalesce({{ margin_ratio('categories.margin', 'categories.covered_revenue') }}, company.ratio) - company.ratio) as ratio
    from categories
    cross join company

)

select
    bought.person_id,
    bought.category,
    cast(bought.revenue as decimal(28, 4)) as revenue,
    cast(bought.covered_revenue as decimal(28, 4)) as covered_revenue,
    cast(bought.margin as decimal(28, 4)) as margin,
    ratios.ratio as category_margin_ratio,
    ratios.company_ratio as company_margin_ratio
from bought
inner join ratios on bought.category = ratios.category
