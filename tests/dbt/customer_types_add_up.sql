-- Months add up to the period `all`, and customer types to all customers and all orders. A person without a type, or with two, would be
-- missing or counted twice.
with sums as (

    select
        case when period = 'all' then 'all' else 'months' end as part,
        sum(leads) as leads,
        sum(customers) as customers,
        sum(buying_groups) as buying_groups,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue,
        sum(customer_revenue) as customer_revenue
    from {{ ref('kpi_customer_types') }}
    group by case when period = 'all' then 'all' else 'months' end

),

persons as (

    select count(*) as customers
    from {{ ref('dim_persons') }}
    where customer_since is not null and not is_internal

),

sold as (

    select
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(net_revenue), 0) as net_revenue
    from {{ ref('kpi_sales') }}
    where dimension = 'all'

)

select sums.part as problem
from sums
cross join persons
cross join sold
where
    sums.customers <> persons.customers
    or sums.orders <> sold.orders
    or sums.net_revenue <> sold.net_revenue
union all
select 'months against all' as problem
from sums as months
inner join sums as whole on months.part = 'months' and whole.part = 'all'
where
    months.leads <> whole.leads
    or months.buying_groups <> whole.buying_groups
    or months.customer_revenue <> whole.customer_revenue
union all
select concat_ws(' ', period, customer_type) as problem
from {{ ref('kpi_customer_types') }}
where
    repeat_buyers > buyers
    or persons_involved < buying_groups
