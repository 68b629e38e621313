{%- set labels = {'dimension_value': 'dimension'} -%}

-- sqlfluff:exclude_rules:layout.indent,references.keywords,references.consistent,structure.join_condition_order
{# These sqlfluff rules judge the rendered SQL; here a Jinja loop renders the count CTEs. #}
{%- set dimensions = ['category', 'product'] -%}

with products as (

    select * from {{ ref('dim_products') }}

),

visits as (

    select
        views.*,
        products.category,
        products.product_id as product
    from {{ ref('fct_product_views') }} as views
    inner join {{ ref('dim_persons') }} as persons on views.person_id = persons.person_id
    inner join products on views.product_id = products.product_id
    where views.is_human and not persons.is_internal

),

lines as (

    select
        orders.order_id,
        orders.person_id,
        orders.ordered_at,
        {{ month_of('orders.ordered_date') }} as month_start,
        products.category,
        products.product_id as product,
        items.quantity,
        case when orders.order_status = 'returned' then 0 else items.item_amount end as revenue
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('fct_order_items') }} as items on orders.order_id = items.order_id
    inner join products on items.product_id = products.product_id
    where orders.is_conversion

),

{# one row per dimension value and session, then per dimension value and order #}
dimension_visits as (

    {{ by_dimension('visits', dimensions, {
        'month_start': month_of('min(viewed_date)'),
        'viewed_at': 'min(viewed_at)',
        'views': 'sum(views)',
        'cart_additions': 'sum(cart_additions)',
    }, by=['person_id', 'session_id']) }}

),

dimension_orders as (

    {{ by_dimension('lines', dimensions, {
        'quantity': 'sum(quantity)',
        'revenue': 'sum(revenue)',
    }, by=['month_start', 'person_id', 'order_id', 'ordered_at']) }}

),

viewers as (

    select
        dimension,
        dimension_value,
        month_start,
        person_id,
        min(viewed_at) as first_viewed_at
    from dimension_visits
    where views > 0
    group by dimension, dimension_value, month_start, person_id

),

{# one order can count in several months: in each month with a first view that it follows within the window #}
viewers_who_ordered as (

    select distinct
        viewers.dimension,
        viewers.dimension_value,
        viewers.month_start,
        viewers.person_id
    from viewers
    inner join dimension_orders as orders
        on viewers.dimension = orders.dimension
        and viewers.dimension_value = orders.dimension_value
        and viewers.person_id = orders.person_id
        and orders.ordered_at >= viewers.first_viewed_at
        and orders.ordered_at <= {{ add_days('viewers.first_viewed_at', setting('funnel_window_days')) }}

),

first_orders as (

    select
        dimension,
        dimension_value,
        person_id,
        min(month_start) as month_start,
        min(ordered_at) as first_ordered_at
    from dimension_orders
    group by dimension, dimension_value, person_id

),

views_before as (

    select
        first_orders.dimension,
        first_orders.dimension_value,
        first_orders.month_start,
        first_orders.person_id,
        cast(coalesce(sum(visits.views), 0) as bigint) as views
    from first_orders
    left join dimension_visits as visits
        on first_orders.dimension = visits.dimension
        and first_orders.dimension_value = visits.dimension_value
        and first_orders.person_id = visits.person_id
        and visits.viewed_at <= first_orders.first_ordered_at
    group by first_orders.dimension, first_orders.dimension_value, first_orders.month_start, first_orders.person_id

),

{%- set counts = {
    'visit_counts': {
        'views': 'cast(sum(views) as bigint)', 'viewing_sessions': 'count(*) filter (where views > 0)',
        'cart_sessions': 'count(*) filter (where cart_additions > 0)',
    },
    'viewer_counts': {'viewers': 'count(*)'},
    'ordering_counts': {'viewers_who_ordered': 'count(*)'},
    'order_counts': {
        'orders': 'count(*)', 'buyers': 'count(distinct person_id)', 'quantity': 'cast(sum(quantity) as decimal(28, 4))',
        'revenue': 'cast(sum(revenue) as decimal(28, 4))',
    },
    'first_order_counts': {'first_buyers': 'count(*)', 'first_buyers_who_viewed': 'count(*) filter (where views > 0)'},
} -%}
{%- set sources = {
    'visit_counts': 'dimension_visits', 'viewer_counts': 'viewers', 'ordering_counts': 'viewers_who_ordered',
    'order_counts': 'dimension_orders', 'first_order_counts': 'views_before',
} %}
{%- for name, columns in counts.items() %}

{{ name }} as (

    select
        month_start,
        dimension,
        dimension_value,
        {%- if name == 'first_order_counts' %}
        median(case when views > 0 then views end) as median_views_before_order,
        {%- endif %}
        {%- for column, expression in columns.items() %}
        {{ expression }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ sources[name] }}
    group by month_start, dimension, dimension_value

),
{%- endfor %}

row_keys as (

    select
        month_start,
        dimension,
        dimension_value
    from visit_counts
    union
    select
        month_start,
        dimension,
        dimension_value
    from order_counts

),

counted as (

    select
        row_keys.*,
        {{ days_between(add_months('row_keys.month_start', 1), reporting_date(as_of())) }} as days_since_month,
        {%- for name, columns in counts.items() %}
        {%- for column in columns %}
        coalesce({{ name }}.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        {%- endfor %}
        first_order_counts.median_views_before_order
    from row_keys
    {%- for name in counts %}
    left join {{ name }}
        on row_keys.month_start = {{ name }}.month_start
        and row_keys.dimension = {{ name }}.dimension
        and row_keys.dimension_value = {{ name }}.dimension_value
    {%- endfor %}

),

rated as (

    select
        *,
        cast(viewers_who_ordered as double) / nullif(viewers, 0) as rate
    from counted

)

select
    month_start,
    dimension,
    dimension_value,
    {{ label_columns(labels) }},
    days_since_month >= 0 as is_complete,
    views,
    viewing_sessions,
    viewers,
    cart_sessions,
    orders,
    buyers,
    cast(quantity as decimal(28, 4)) as quantity,
    cast(revenue as decimal(28, 4)) as revenue,
    viewers_who_ordered,
    case when days_since_month >= {{ setting('funnel_window_days') }} then rate end as view_to_order_rate,
    case
        when days_since_month >= {{ setting('funnel_window_days') }} then {{ wilson_bound('rate', 'viewers', '-') }}
    end as view_to_order_low,
    case
        when days_since_month >= {{ setting('funnel_window_days') }} then {{ wilson_bound('rate', 'viewers', '+') }}
    end as view_to_order_high,
    first_buyers,
    first_buyers_who_viewed,
    cast(median_views_before_order as double) as median_views_before_order
from {{ with_labels('rated', labels) }} as rated
