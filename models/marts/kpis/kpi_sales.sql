{%- set labels = {'dimension_value': 'dimension'} -%}
{%- set dimensions_of_persons = ['customer_type', 'persona', 'first_channel'] -%}

with persons as (

    select * from {{ ref('dim_persons') }}

),

order_categories as (

    select distinct
        orders.order_id,
        orders.person_id,
        {{ month_of('orders.ordered_date') }} as month_start,
        products.category
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('fct_order_items') }} as items on orders.order_id = items.order_id
    inner join {{ ref('dim_products') }} as products on items.product_id = products.product_id
    where orders.is_conversion and products.category <> 'unknown'

),

{# a category is new to a buyer if it was not bought in an earlier month; within a month the order of purchases does not matter #}
order_novelty as (

    select
        order_id,
        count(*) as categories,
        bool_or(first_month < month_start) as has_earlier_category,
        bool_or(first_month < month_start and first_category_month = month_start) as has_new_category
    from (
        select
            *,
            min(month_start) over (partition by person_id) as first_month,
            min(month_start) over (partition by person_id, category) as first_category_month
        from order_categories
    ) as compared
    group by order_id

),

order_quantities as (

    select
        order_id,
        sum(quantity) as quantity
    from {{ ref('fct_order_items') }}
    group by order_id

),

orders as (

    select
        orders.*,
        {{ month_of('orders.ordered_date') }} as month_start,
        persons.customer_type,
        persons.persona,
        persons.first_channel,
        min({{ month_of('orders.ordered_date') }}) over (partition by orders.person_id) as first_month,
        order_quantities.quantity,
        order_novelty.categories,
        coalesce(order_novelty.has_earlier_category, false) as has_earlier_category,
        coalesce(order_novelty.has_new_category, false) as has_new_category
    from {{ ref('fct_orders') }} as orders
    inner join persons on orders.person_id = persons.person_id
    left join order_quantities on orders.order_id = order_quantities.order_id
    left join order_novelty on orders.order_id = order_novelty.order_id
    where orders.is_conversion

),

buyers as (

    {{ by_dimension('orders', ['sales_channel'] + dimensions_of_persons, {
        'orders': 'count(*)',
        'repeat_orders': 'count(*) filter (where is_repeat)',
        'categorised_orders': 'count(categories)',
        'multi_category_orders': 'count(*) filter (where categories > 1)',
        'is_cross_sell_candidate': 'bool_or(has_earlier_category)',
        'is_cross_sold': 'bool_or(has_new_category)',
        'quantity': 'sum(quantity)',
        'gross_revenue': 'sum(net_before_refunds + discount_amount)',
        'discount_amount': 'sum(discount_amount)',
        'net_revenue': 'sum(net_revenue)',
        'covered_revenue': 'sum(covered_revenue)',
        'margin': 'sum(margin)',
    }, by=['month_start', 'person_id', 'first_month < month_start as is_returning']) }}

),

sold as (

    select
        month_start,
        dimension,
        dimension_value,
        {%- for column in ['orders', 'repeat_orders', 'categorised_orders', 'multi_category_orders'] %}
        cast(sum({{ column }}) as bigint) as {{ column }},
        {%- endfor %}
        {%- for column in ['quantity', 'gross_revenue', 'discount_amount', 'net_revenue', 'covered_revenue', 'margin'] %}
        cast(sum({{ column }}) as decimal(28, 4)) as {{ column }},
        {%- endfor %}
        count(*) as buyers,
        count(*) filter (where is_returning) as returning_buyers,
        count(*) filter (where is_cross_sell_candidate) as cross_sell_candidates,
        count(*) filter (where is_cross_sold) as cross_sell_buyers
    from buyers
    group by month_start, dimension, dimension_value

),

{# active: an attributable touchpoint or an order #}
active_persons as (

    select
        touchpoints.person_id,
        {{ month_of('touchpoints.touched_date') }} as month_start
    from {{ ref('fct_touchpoints') }} as touchpoints
    where touchpoints.is_attributable
    union
    select
        person_id,
        month_start
    from orders

),

active_described as (

    select
        active_persons.month_start,
        persons.customer_type,
        persons.persona,
        persons.first_channel
    from active_persons
    inner join persons on active_persons.person_id = persons.person_id
    where not persons.is_internal

),

active_counts as (

    {{ by_dimension('active_described', dimensions_of_persons, {'active_persons': 'count(*)'}) }}

),

counted as (

    select
        coalesce(sold.month_start, active_counts.month_start) as month_start,
        coalesce(sold.dimension, active_counts.dimension) as dimension,
        coalesce(sold.dimension_value, active_counts.dimension_value) as dimension_value,
        {%- for column in [
            'orders', 'buyers', 'returning_buyers', 'repeat_orders', 'categorised_orders', 'multi_category_orders',
            'cross_sell_candidates', 'cross_sell_buyers',
        ] %}
        coalesce(sold.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        {%- for column in ['quantity', 'gross_revenue', 'discount_amount', 'net_revenue', 'covered_revenue'] %}
        cast(coalesce(sold.{{ column }}, 0) as decimal(28, 4)) as {{ column }},
        {%- endfor %}
        sold.margin,
        active_counts.active_persons
    from sold
    full outer join active_counts
        on sold.month_start = active_counts.month_start
        and sold.dimension = active_counts.dimension
        and sold.dimension_value = active_counts.dimension_value

),

rated as (

    select
        *,
        cast(repeat_orders as double) / nullif(orders, 0) as repeat_order_share,
        cast(cross_sell_buyers as double) / nullif(cross_sell_candidates, 0) as cross_sell_rate
    from counted

)

select
    month_start,
    dimension,
    dimension_value,
    {{ label_columns(labels) }},
    {{ days_between(add_months('month_start', 1), reporting_date(as_of())) }} >= 0 as is_complete,
    orders,
    buyers,
    active_persons,
    quantity,
    gross_revenue,
    discount_amount,
    cast(discount_amount as double) / nullif(cast(gross_revenue as double), 0) as discount_share,
    net_revenue,
    cast(net_revenue as double) / nullif(orders, 0) as average_order_value,
    cast(net_revenue as double) / nullif(buyers, 0) as revenue_per_buyer,
    cast(net_revenue as double) / nullif(active_persons, 0) as arpu,
    buyers - returning_buyers as new_buyers,
    returning_buyers,
    repeat_orders,
    repeat_order_share,
    {{ wilson_bound('repeat_order_share', 'orders', '-') }} as repeat_order_share_low,
    {{ wilson_bound('repeat_order_share', 'orders', '+') }} as repeat_order_share_high,
    categorised_orders,
    multi_category_orders,
    cast(multi_category_orders as double) / nullif(categorised_orders, 0) as multi_category_share,
    cross_sell_candidates,
    cross_sell_buyers,
    cross_sell_rate,
    {{ wilson_bound('cross_sell_rate', 'cross_sell_candidates', '-') }} as cross_sell_rate_low,
    {{ wilson_bound('cross_sell_rate', 'cross_sell_candidates', '+') }} as cross_sell_rate_high,
    covered_revenue,
    margin,
    cast(margin as double) / nullif(cast(covered_revenue as double), 0) as margin_rate,
    {{ cost_coverage('covered_revenue', 'net_revenue') }} as cost_coverage
from {{ with_labels('rated', labels) }} as rated
