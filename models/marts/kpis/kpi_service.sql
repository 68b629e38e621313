{%- set labels = {'dimension_value': 'dimension'} -%}
{%- set dimensions = ['channel', 'category', 'priority', 'customer_type'] -%}

with described as (

    select
        tickets.*,
        persons.customer_type,
        {{ month_of('tickets.opened_date') }} as opened_month,
        {# a ticket entered after it was resolved closes in the month it was opened, so it never counts as backlog #}
        {{ month_of(reporting_date('greatest(tickets.resolved_at, tickets.opened_at)')) }} as closed_month,
        greatest({{ microseconds_between('tickets.opened_at', 'tickets.first_response_at') }}, 0) as first_response_microseconds,
        greatest({{ microseconds_between('tickets.opened_at', 'tickets.resolved_at') }}, 0) as resolution_microseconds
    from {{ ref('fct_tickets') }} as tickets
    inner join {{ ref('dim_persons') }} as persons on tickets.person_id = persons.person_id

),

resolved_tickets as (

    select * from described
    where is_resolved

),

opened as (

    {{ by_dimension('described', dimensions, {
        'tickets': 'count(*)',
        'first_responses': 'count(first_response_hours)',
        'median_first_response_hours':
            'median(case when first_response_hours is not null then first_response_microseconds end) / cast(3600000000 as double)',
        'resolved': 'count(*) filter (where is_resolved)',
        'median_resolution_hours': 'median(case when is_resolved then resolution_microseconds end) / cast(3600000000 as double)',
        'target_tickets': 'count(is_within_target)',
        'within_target': 'count(*) filter (where is_within_target)',
    }, by=['opened_month as month_start']) }}

),

closed as (

    {{ by_dimension('resolved_tickets', dimensions, {'closed_tickets': 'count(*)'}, by=['closed_month as month_start']) }}

),

months as (

    select distinct {{ month_of('date_day') }} as month_start
    from {{ date_spine('(select min(opened_month) from described)', reporting_date(as_of())) }} as days

),

dimension_values as (

    select distinct
        dimension,
        dimension_value
    from opened

),

filled as (

    select
        months.month_start,
        dimension_values.dimension,
        dimension_values.dimension_value,
        coalesce(opened.tickets, 0) as tickets,
        coalesce(opened.first_responses, 0) as first_responses,
        opened.median_first_response_hours,
        coalesce(opened.resolved, 0) as resolved,
        opened.median_resolution_hours,
        coalesce(opened.target_tickets, 0) as target_tickets,
        coalesce(opened.within_target, 0) as within_target,
        sum(coalesce(opened.tickets, 0) - coalesce(closed.closed_tickets, 0)) over (
            partition by dimension_values.dimension, dimension_values.dimension_value
            order by months.month_start
            rows between unbounded preceding and current row
        ) as open_tickets
    from months
    cross join dimension_values
    left join opened
        on months.month_start = opened.month_start
        and dimension_values.dimension = opened.dimension
        and dimension_values.dimension_value = opened.dimension_value
    left join closed
        on months.month_start = closed.month_start
        and dimension_values.dimension = closed.dimension
        and dimension_values.dimension_value = closed.dimension_value

),

customers as (

    select
        month_start,
        'all' as dimension,
        customers_at_start
    from {{ ref('kpi_churn') }}
    where churn_type = 'all' and reason = 'all'

),

rated as (

    select
        filled.*,
        customers.customers_at_start,
        cast(filled.within_target as double) / nullif(filled.target_tickets, 0) as rate
    from filled
    left join customers
        on filled.month_start = customers.month_start
        and filled.dimension = customers.dimension

)

select
    month_start,
    dimension,
    dimension_value,
    {{ label_columns(labels) }},
    {{ add_months('month_start', 1) }} <= {{ reporting_date(as_of()) }} as is_complete,
    tickets,
    first_responses,
    median_first_response_hours,
    resolved,
    median_resolution_hours,
    target_tickets,
    within_target,
    rate as within_target_rate,
    {{ wilson_bound('rate', 'target_tickets', '-') }} as within_target_rate_low,
    {{ wilson_bound('rate', 'target_tickets', '+') }} as within_target_rate_high,
    cast(open_tickets as bigint) as open_tickets,
    customers_at_start,
    100 * cast(tickets as double) / nullif(customers_at_start, 0) as tickets_per_100_customers
from {{ with_labels('rated', labels) }} as rated
