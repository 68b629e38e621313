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
    net revenue of each order, allocated to its lines in proportion to their amounts; an order without lines goes to category unknown,
    without a cost
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

person_categories as (

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
    from person_categories
    group by category

),

company as (

    select {{ margin_ratio('sum(margin)', 'sum(covered_revenue)') }} as ratio
    from categories

),

{# the smaller the share of a category's revenue with known cost, the closer its ratio is drawn to that of the company #}
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
    person_categories.person_id,
    person_categories.category,
    cast(person_categories.revenue as decimal(28, 4)) as revenue,
    cast(person_categories.covered_revenue as decimal(28, 4)) as covered_revenue,
    cast(person_categories.margin as decimal(28, 4)) as margin,
    ratios.ratio as category_margin_ratio,
    ratios.company_ratio as company_margin_ratio
from person_categories
inner join ratios on person_categories.category = ratios.category
