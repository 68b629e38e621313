-- Monthly net revenue is that of audit_revenue, and every dimension splits the same orders; an order left out or counted twice would change
-- AOV and ARPU. A buyer may use two sales channels, so buyers are compared only for dimensions of the person.
with sums as (

    select
        month_start,
        dimension,
        sum(orders) as orders,
        sum(repeat_orders) as repeat_orders,
        sum(multi_category_orders) as multi_category_orders,
        sum(quantity) as quantity,
        sum(gross_revenue) as gross_revenue,
        sum(net_revenue) as net_revenue,
        coalesce(sum(margin), 0) as margin,
        sum(buyers) as buyers,
        sum(returning_buyers) as returning_buyers,
        sum(cross_sell_buyers) as cross_sell_buyers,
        sum(active_persons) as active_persons
    from {{ ref('kpi_sales') }}
    group by month_start, dimension

),

everything as (

    select * from sums
    where dimension = 'all'

)

select sums.dimension || ' ' || cast(sums.month_start as string) as problem
from sums
inner join everything on sums.month_start = everything.month_start
where
    sums.orders <> everything.orders
    or sums.repeat_orders <> everything.repeat_orders
    or sums.multi_category_orders <> everything.multi_category_orders
    or sums.quantity <> everything.quantity
    or sums.gross_revenue <> everything.gross_revenue
    or sums.net_revenue <> everything.net_revenue
    or sums.margin <> everything.margin
    or (
        sums.dimension <> 'sales_channel'
        and (
            sums.buyers <> everything.buyers
            or sums.returning_buyers <> everything.returning_buyers
            or sums.cross_sell_buyers <> everything.cross_sell_buyers
            or sums.active_persons <> everything.active_persons
        )
    )
union all
select 'audit ' || cast(coalesce(audit.month_start, everything.month_start) as string) as problem
from {{ ref('audit_revenue') }} as audit
full outer join everything on audit.month_start = everything.month_start
where coalesce(audit.net_revenue, 0) <> coalesce(everything.net_revenue, 0)
union all
select concat_ws(' ', cast(month_start as string), dimension, dimension_value) as problem
from {{ ref('kpi_sales') }}
where
    cross_sell_candidates > returning_buyers
