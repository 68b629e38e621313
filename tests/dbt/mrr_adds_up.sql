-- Invariant 7: starting MRR plus movements is ending MRR, which is the starting MRR of the next month; the last is the MRR running at
-- as-of.
with months as (

    select
        *,
        lead(month_start) over (partition by customer_type order by month_start) as next_month,
        lead(starting) over (partition by customer_type order by month_start) as next_starting,
        lead(starting_accounts) over (partition by customer_type order by month_start) as next_starting_accounts
    from {{ ref('kpi_mrr') }}

),

type_sums as (

    select
        month_start,
        {%- for column in ['starting', 'new', 'expansion', 'contraction', 'churn', 'reactivation', 'fx', 'ending', 'ending_accounts'] %}
        sum(case when customer_type = 'all' then {{ column }} else -{{ column }} end) as {{ column }},
        {%- endfor %}
        sum(case when customer_type = 'all' then transfer else 0 end) as transfer
    from {{ ref('kpi_mrr') }}
    group by month_start

),

running as (

    select
        account_id,
        sum(mrr_after) as mrr
    from {{ ref('fct_subscription_changes') }}
    where next_changed_at is null
    group by account_id
    having sum(mrr_after) > 0

),

ends as (

    select
        sum(ending) as ending,
        sum(ending_accounts) as ending_accounts
    from months
    where customer_type = 'all' and next_month is null

),

truth as (

    select
        coalesce(sum(mrr), 0) as ending,
        count(*) as ending_accounts
    from running

)

select concat_ws(' ', cast(month_start as string), customer_type) as problem
from months
where starting + new + expansion - contraction - churn + reactivation + transfer + fx <> ending
union all
select concat_ws(' ', cast(month_start as string), customer_type) as problem
from months
where
    next_month <> {{ add_months('month_start', 1) }}
    or next_starting <> ending
    or next_starting_accounts <> ending_accounts
    or least(new, expansion, contraction, churn, reactivation, ending, ending_accounts) < 0
    or churned_accounts > starting_accounts
union all
select cast(month_start as string) as problem
from type_sums
where
    starting <> 0 or new <> 0 or expansion <> 0 or contraction <> 0 or churn <> 0 or reactivation <> 0 or fx <> 0 or ending <> 0
    or ending_accounts <> 0 or transfer <> 0
union all
select 'MRR at as-of' as problem
from ends
inner join truth on true
where ends.ending <> truth.ending or ends.ending_accounts <> truth.ending_accounts
