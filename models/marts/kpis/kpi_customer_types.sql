-- sqlfluff:exclude_rules:layout.indent,references.keywords,references.consistent,structure.join_condition_order
{# These sqlfluff rules judge the rendered SQL; here a Jinja loop renders the count CTEs. #}
{%- set periods = [period_of('month_start'), "'all'"] -%}
{%- set window_end = add_days('leads.entered_at', setting('funnel_window_days')) -%}

with persons as (

    select * from {{ ref('dim_persons') }}
    where not is_internal and person_id <> 'unknown'

),

customers as (

    select
        *,
        {{ month_of(reporting_date('customer_since')) }} as month_start
    from persons
    where customer_since is not null

),

touches as (

    select * from {{ ref('fct_touchpoints') }}
    where is_attributable

),

{# touchpoints before becoming a customer #}
customer_paths as (

    select
        customers.person_id,
        count(*) as touches,
        count(distinct touches.channel) as channels,
        {{ microseconds_between('min(touches.touched_at)', 'max(customers.customer_since)') }} as cycle_microseconds
    from customers
    inner join touches on customers.person_id = touches.person_id and touches.touched_at <= customers.customer_since
    group by customers.person_id

),

revenues as (

    select
        person_id,
        sum(revenue) as revenue
    from {{ ref('fct_conversions') }}
    group by person_id

),

described as (

    select
        customers.customer_type,
        customers.month_start,
        customer_paths.touches,
        customer_paths.channels,
        customer_paths.cycle_microseconds,
        coalesce(revenues.revenue, 0) as revenue,
        coalesce(clv.orders, 0) > 0 as is_buyer,
        coalesce(clv.frequency, 0) > 0 as is_repeat_buyer,
        {{ round_double('clv.predicted_clv_12m', 4) }} as predicted_clv
    from customers
    left join customer_paths on customers.person_id = customer_paths.person_id
    left join revenues on customers.person_id = revenues.person_id
    left join {{ ref('kpi_clv') }} as clv on customers.person_id = clv.person_id

),

{# a company becomes a customer when the first of its persons does #}
company_customers as (

    select
        company_id,
        min(customer_since) as customer_since
    from customers
    where company_id <> 'unknown'
    group by company_id

),

involved as (

    select distinct
        company_customers.company_id,
        company_customers.customer_since,
        persons.person_id
    from company_customers
    inner join persons on company_customers.company_id = persons.company_id
    left join touches on persons.person_id = touches.person_id and touches.touched_at <= company_customers.customer_since
    where touches.touchpoint_id is not null or persons.customer_since = company_customers.customer_since

),

buying_groups as (

    select
        companies.customer_type,
        {{ month_of(reporting_date('involved.customer_since')) }} as month_start,
        count(*) as persons
    from involved
    inner join {{ ref('dim_companies') }} as companies on involved.company_id = companies.company_id
    group by involved.company_id, companies.customer_type, involved.customer_since

),

{# by the type known when the person became a lead: present knowledge would bias the rate, because whoever buys becomes known #}
leads as (

    select
        coalesce(history.customer_type, 'unknown') as customer_type,
        persons.customer_since,
        conversions.converted_at as entered_at,
        {{ month_of('conversions.converted_date') }} as month_start
    from {{ ref('fct_conversions') }} as conversions
    inner join persons on conversions.person_id = persons.person_id
    {{ join_known_at('conversions', 'converted_at') }}
    where conversions.conversion_type = 'lead'

),

{# a lead who was a customer already cannot become one: leave it out of the rate #}
judged_leads as (

    select
        *,
        {{ window_end }} <= {{ as_of() }} and (customer_since is null or customer_since >= entered_at) as is_mature,
        coalesce(customer_since <= {{ window_end }}, false) as is_converted
    from leads

),

orders as (

    select
        persons.customer_type,
        {{ month_of('orders.ordered_date') }} as month_start,
        orders.net_revenue
    from {{ ref('fct_orders') }} as orders
    inner join persons on orders.person_id = persons.person_id
    where orders.is_conversion

),

{%- set counts = {
    'customer_counts': ('described', {
        'customers': 'count(*)', 'customers_with_touches': 'count(touches)', 'buyers': 'count(*) filter (where is_buyer)',
        'repeat_buyers': 'count(*) filter (where is_repeat_buyer)', 'customer_revenue': 'cast(sum(revenue) as decimal(28, 4))',
        'customers_predicted': 'count(predicted_clv)', 'predicted_clv_12m': 'cast(coalesce(sum(predicted_clv), 0) as decimal(28, 4))',
    }),
    'group_counts': ('buying_groups', {'buying_groups': 'count(*)', 'persons_involved': 'cast(sum(persons) as bigint)'}),
    'lead_counts': ('judged_leads', {
        'leads': 'count(*)', 'mature_leads': 'count(*) filter (where is_mature)',
        'converted_leads': 'count(*) filter (where is_mature and is_converted)',
    }),
    'order_counts': ('orders', {'orders': 'count(*)', 'net_revenue': 'cast(sum(net_revenue) as decimal(28, 4))'}),
} -%}
{%- for name, (source, columns) in counts.items() %}

{{ name }} as (

    {%- for period in periods %}
    select
        {{ period }} as period,
        customer_type,
        {%- if source == 'described' %}
        median(cycle_microseconds) as median_cycle_microseconds,
        median(touches) as median_touches,
        median(channels) as median_channels,
        {%- endif %}
        {%- for column, expression in columns.items() %}
        {{ expression }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source }}
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),
{%- endfor %}

row_keys as (

    {%- for name in counts %}
    select
        period,
        customer_type
    from {{ name }}
    {{ 'union' if not loop.last }}
    {%- endfor %}

),

counted as (

    select
        row_keys.period,
        row_keys.customer_type,
        {%- for name, (source, columns) in counts.items() %}
        {%- for column in columns %}
        coalesce({{ name }}.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        {%- endfor %}
        customer_counts.median_cycle_microseconds,
        customer_counts.median_touches,
        customer_counts.median_channels
    from row_keys
    {%- for name in counts %}
    left join {{ name }} on row_keys.period = {{ name }}.period and row_keys.customer_type = {{ name }}.customer_type
    {%- endfor %}

),

rated as (

    select
        *,
        cast(converted_leads as double) / nullif(mature_leads, 0) as conversion_rate,
        cast(repeat_buyers as double) / nullif(buyers, 0) as repeat_rate
    from counted

)

select
    period,
    customer_type,
    leads,
    mature_leads,
    converted_leads,
    conversion_rate,
    {{ wilson_bound('conversion_rate', 'mature_leads', '-') }} as conversion_rate_low,
    {{ wilson_bound('conversion_rate', 'mature_leads', '+') }} as conversion_rate_high,
    customers,
    customers_with_touches,
    median_cycle_microseconds / cast(86400000000 as double) as median_cycle_days,
    cast(median_touches as double) as median_touches,
    cast(median_channels as double) as median_channels,
    buying_groups,
    persons_involved,
    cast(persons_involved as double) / nullif(buying_groups, 0) as persons_per_buying_group,
    orders,
    cast(net_revenue as decimal(28, 4)) as net_revenue,
    cast(net_revenue as double) / nullif(orders, 0) as average_order_value,
    buyers,
    repeat_buyers,
    repeat_rate,
    {{ wilson_bound('repeat_rate', 'buyers', '-') }} as repeat_rate_low,
    {{ wilson_bound('repeat_rate', 'buyers', '+') }} as repeat_rate_high,
    cast(customer_revenue as decimal(28, 4)) as customer_revenue,
    cast(customer_revenue as double) / nullif(customers, 0) as average_customer_revenue,
    customers_predicted,
    cast(predicted_clv_12m as decimal(28, 4)) as predicted_clv_12m,
    cast(predicted_clv_12m as double) / nullif(customers_predicted, 0) as average_predicted_clv_12m
from rated
