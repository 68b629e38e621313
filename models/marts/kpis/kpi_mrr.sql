with movements as (

    select
        account_id,
        customer_type,
        month_start,
        movement_type,
        mrr_change,
        starting_mrr,
        ending_mrr
    from {{ ref('fct_mrr_movements') }}
    union all
    select
        account_id,
        'all' as customer_type,
        month_start,
        movement_type,
        mrr_change,
        starting_mrr,
        ending_mrr
    from {{ ref('fct_mrr_movements') }}

),

{# one row per account and month, however many movements it had #}
account_months as (

    select
        account_id,
        customer_type,
        month_start,
        max(starting_mrr) as starting_mrr,
        max(ending_mrr) as ending_mrr
    from movements
    group by account_id, customer_type, month_start

),

sums as (

    select
        month_start,
        customer_type,
        {%- for movement in ['new', 'expansion', 'reactivation', 'transfer', 'fx'] %}
        coalesce(sum(mrr_change) filter (where movement_type = '{{ movement }}'), 0) as {{ movement }},
        {%- endfor %}
        {%- for movement in ['contraction', 'churn'] %}
        -coalesce(sum(mrr_change) filter (where movement_type = '{{ movement }}'), 0) as {{ movement }},
        {%- endfor %}
        count(*) filter (where movement_type = 'new') as new_accounts,
        count(*) filter (where movement_type = 'reactivation') as reactivated_accounts,
        {# MRR that was transferred in and churned in the same month was not there at its start #}
        count(*) filter (where movement_type = 'churn' and starting_mrr > 0) as churned_accounts,
        sum(mrr_change) as mrr_change
    from movements
    group by month_start, customer_type

),

account_sums as (

    select
        month_start,
        customer_type,
        count(*) filter (where ending_mrr > 0) - count(*) filter (where starting_mrr > 0) as account_change
    from account_months
    group by month_start, customer_type

),

customer_types as (

    select distinct customer_type from sums

),

months as (

    select distinct {{ month_of('date_day') }} as month_start
    from {{ date_spine('(select min(month_start) from movements)', reporting_date(as_of())) }} as days

),

filled as (

    select
        months.month_start,
        customer_types.customer_type,
        {%- for movement in ['new', 'expansion', 'contraction', 'churn', 'reactivation', 'transfer', 'fx'] %}
        coalesce(sums.{{ movement }}, 0) as {{ movement }},
        {%- endfor %}
        coalesce(sums.new_accounts, 0) as new_accounts,
        coalesce(sums.reactivated_accounts, 0) as reactivated_accounts,
        coalesce(sums.churned_accounts, 0) as churned_accounts,
        coalesce(sums.mrr_change, 0) as mrr_change,
        coalesce(account_sums.account_change, 0) as account_change
    from months
    cross join customer_types
    left join sums
        on months.month_start = sums.month_start
        and customer_types.customer_type = sums.customer_type
    left join account_sums
        on months.month_start = account_sums.month_start
        and customer_types.customer_type = account_sums.customer_type

),

balanced as (

    select
        *,
        sum(mrr_change) over so_far as ending,
        (sum(mrr_change) over so_far) - mrr_change as starting,
        sum(account_change) over so_far as ending_accounts,
        (sum(account_change) over so_far) - account_change as starting_accounts
    from filled
    window so_far as (partition by customer_type order by month_start rows between unbounded preceding and current row)

),

dated as (

    select
        *,
        {{ add_months('month_start', 1) }} <= {{ reporting_date(as_of()) }} as is_complete
    from balanced

),

{# no rates for the running month, because part of a month has less churn than a whole one #}
based as (

    select
        *,
        case when is_complete then nullif(cast(starting as double), 0) end as base,
        case when is_complete then nullif(starting_accounts, 0) end as base_accounts
    from dated

),

rated as (

    select
        *,
        cast(starting_accounts - churned_accounts as double) / base_accounts as retained_share
    from based

)

select
    month_start,
    customer_type,
    is_complete,
    cast(starting as decimal(28, 4)) as starting,
    {%- for movement in ['new', 'expansion', 'contraction', 'churn', 'reactivation', 'transfer', 'fx'] %}
    cast({{ movement }} as decimal(28, 4)) as {{ movement }},
    {%- endfor %}
    cast(ending as decimal(28, 4)) as ending,
    cast(starting + expansion - contraction - churn as double) / base as nrr,
    cast(starting - contraction - churn as double) / base as grr,
    cast(new + expansion + reactivation as double) / nullif(cast(contraction + churn as double), 0) as quick_ratio,
    cast(starting_accounts as bigint) as starting_accounts,
    cast(new_accounts as bigint) as new_accounts,
    cast(reactivated_accounts as bigint) as reactivated_accounts,
    cast(churned_accounts as bigint) as churned_accounts,
    cast(ending_accounts as bigint) as ending_accounts,
    retained_share as logo_retention_rate,
    {{ wilson_bound('retained_share', 'starting_accounts', '-') }} as logo_retention_rate_low,
    {{ wilson_bound('retained_share', 'starting_accounts', '+') }} as logo_retention_rate_high,
    cast(ending as double) / nullif(ending_accounts, 0) as mrr_per_account
from rated
