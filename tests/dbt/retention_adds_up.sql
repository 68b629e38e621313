-- Every account is in one cohort, every purchase and all MRR belong to a cohort, active accounts are part of their cohort, and no month is
-- missing.
with cohorts as (

    select * from {{ ref('kpi_retention') }}
    where dimension = 'all'

),

{# every dimension splits the same accounts #}
dimension_sums as (

    select
        cohort_month,
        months_since,
        dimension,
        {%- for column in ['customers', 'active', 'reactivated', 'repeat_customers', 'revenue'] %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
        sum(mrr) as mrr
    from {{ ref('kpi_retention') }}
    group by cohort_month, months_since, dimension

),

months as (

    select
        month_start,
        sum(revenue) as revenue,
        sum(mrr) as mrr,
        sum(active) as active
    from cohorts
    group by month_start

),

purchases as (

    select
        {{ month_of('converted_date') }} as month_start,
        sum(revenue) as revenue
    from {{ account_purchases() }} as purchases
    group by {{ month_of('converted_date') }}

)

select concat_ws(' ', cast(cohort_month as string), dimension, dimension_value, cast(months_since as string)) as problem
from {{ ref('kpi_retention') }}
where
    active > customers
    or repeat_customers > customers
union all
select concat_ws(' ', cast(sums.cohort_month as string), sums.dimension) as problem
from dimension_sums as sums
inner join cohorts
    on sums.cohort_month = cohorts.cohort_month
    and sums.months_since = cohorts.months_since
where
    sums.customers <> cohorts.customers
    or sums.active <> cohorts.active
    or sums.reactivated <> cohorts.reactivated
    or sums.repeat_customers <> cohorts.repeat_customers
    or sums.revenue <> cohorts.revenue
    or sums.mrr <> cohorts.mrr
union all
{# a dimension without any rows for a cohort would pass all sums #}
select cast(cohort_month as string) as problem
from dimension_sums
group by cohort_month, months_since
having count(*) <> 4
union all
{# one row for each month from the cohort month to as-of #}
select cast(cohort_month as string) as problem
from cohorts
group by cohort_month
having count(*) <> max(months_since) + 1 or max(month_start) <> {{ month_of(reporting_date(as_of())) }}
union all
select cast(coalesce(months.month_start, purchases.month_start) as string) as problem
from months
full outer join purchases on months.month_start = purchases.month_start
where coalesce(months.revenue, 0) <> coalesce(purchases.revenue, 0)
union all
select cast(mrr.month_start as string) as problem
from {{ ref('kpi_mrr') }} as mrr
left join months on mrr.month_start = months.month_start
where mrr.customer_type = 'all' and (mrr.ending is distinct from months.mrr or mrr.ending_accounts > months.active)
