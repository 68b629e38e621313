-- Invariant 1, second half: by month, revenue of the conversions of type order is the net revenue of audit_revenue.
with conversions as (

    select
        {{ month_of('converted_date') }} as month_start,
        sum(revenue) as revenue
    from {{ ref('fct_conversions') }}
    where conversion_type = 'order'
    group by {{ month_of('converted_date') }}

)

select
    coalesce(conversions.month_start, audit.month_start) as month_start,
    conversions.revenue,
    audit.net_revenue
from conversions
full outer join {{ ref('audit_revenue') }} as audit on conversions.month_start = audit.month_start
where coalesce(conversions.revenue, 0) <> coalesce(audit.net_revenue, 0)
