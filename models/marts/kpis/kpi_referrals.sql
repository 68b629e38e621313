{%- set labels = {'dimension_value': 'dimension'} -%}

with persons as (

    select * from {{ ref('dim_persons') }}

),

referrals as (

    select * from {{ ref('fct_referrals') }}

),

customers as (

    select
        persons.person_id,
        persons.customer_type,
        {{ month_of(reporting_date('persons.customer_since')) }} as month_start,
        clv.historical_revenue,
        cast({{ round_double('clv.predicted_clv_12m', 4) }} as decimal(28, 4)) as predicted_clv
    from persons
    left join {{ ref('kpi_clv') }} as clv on persons.person_id = clv.person_id
    where persons.customer_since is not null and not persons.is_internal

),

referred as (

    select distinct referred_person_id
    from referrals
    where is_converted

),

months as (

    select
        month_start,
        min(date_day) as first_day,
        max(date_day) as last_day
    from {{ ref('dim_dates') }}
    where month_start >= (select min(customers.month_start) from customers)
    group by month_start

),

episodes as (

    select
        evidence.person_id,
        {{ reporting_date('evidence.entered_at') }} as entered_date,
        {{ reporting_date('evidence.left_at') }} as left_date
    from {{ ref('fct_stage_evidence') }} as evidence
    inner join {{ ref('conversion_types') }} as types
        on evidence.stage = types.stage_definition
        and types.conversion_type = 'customer'
    where types.counts_crm_changes or not evidence.is_override

),

{# customers on at least one day of the month #}
active as (

    select distinct
        months.month_start,
        persons.customer_type,
        persons.person_id
    from months
    inner join episodes
        on months.last_day >= episodes.entered_date
        and (months.first_day <= episodes.left_date or episodes.left_date is null)
    inner join persons on episodes.person_id = persons.person_id
    where not persons.is_internal

),

customer_events as (

    select
        {{ month_of('referrals.referred_date') }} as month_start,
        persons.customer_type,
        'invitation' as event_type,
        referrals.person_id,
        referrals.is_converted as is_by_referral,
        cast(null as decimal(28, 4)) as revenue,
        cast(null as decimal(28, 4)) as predicted_clv
    from referrals
    inner join persons on referrals.person_id = persons.person_id
    union all
    select
        month_start,
        customer_type,
        'active' as event_type,
        person_id,
        false as is_by_referral,
        cast(null as decimal(28, 4)) as revenue,
        cast(null as decimal(28, 4)) as predicted_clv
    from active
    union all
    select
        customers.month_start,
        customers.customer_type,
        'won' as event_type,
        customers.person_id,
        referred.referred_person_id is not null as is_by_referral,
        coalesce(customers.historical_revenue, cast(0 as decimal(28, 4))) as revenue,
        customers.predicted_clv
    from customers
    left join referred on customers.person_id = referred.referred_person_id

),

counted as (

    {{ by_dimension('customer_events', ['customer_type'], {
        'invitations': "count(*) filter (where event_type = 'invitation')",
        'referrers': "count(distinct case when event_type = 'invitation' and person_id <> 'unknown' then person_id end)",
        'converted': "count(*) filter (where event_type = 'invitation' and is_by_referral)",
        'active_customers': "count(*) filter (where event_type = 'active')",
        'referred_customers': "count(*) filter (where event_type = 'won' and is_by_referral)",
        'referred_revenue': "coalesce(sum(case when is_by_referral then revenue end), 0)",
        'referred_predicted': "count(case when is_by_referral then predicted_clv end)",
        'referred_clv': "sum(case when is_by_referral then predicted_clv end)",
        'other_customers': "count(*) filter (where event_type = 'won' and not is_by_referral)",
        'other_revenue': "coalesce(sum(case when not is_by_referral then revenue end), 0)",
        'other_predicted': "count(case when not is_by_referral then predicted_clv end)",
        'other_clv': "sum(case when not is_by_referral then predicted_clv end)",
    }) }}

),

rated as (

    select
        *,
        {{ share_of('converted', 'invitations') }} as conversion_rate_to_date,
        {{ days_between(add_months('month_start', 1), reporting_date(as_of())) }} >= {{ setting('referral_window_days') }} as is_mature
    from counted

)

select
    month_start,
    dimension,
    dimension_value,
    {{ label_columns(labels) }},
    {{ is_complete_month('month_start') }} as is_complete,
    is_mature,
    invitations,
    referrers,
    active_customers,
    {{ share_of('invitations', 'active_customers') }} as invitations_per_customer,
    converted,
    case when is_mature then conversion_rate_to_date end as conversion_rate,
    case when is_mature then {{ wilson_bound('conversion_rate_to_date', 'invitations', '-') }} end as conversion_rate_low,
    case when is_mature then {{ wilson_bound('conversion_rate_to_date', 'invitations', '+') }} end as conversion_rate_high,
    case when is_mature then {{ share_of('converted', 'active_customers') }} end as k_factor,
    referred_customers,
    cast(referred_revenue as decimal(28, 4)) as referred_revenue,
    {{ share_of('referred_revenue', 'referred_customers') }} as revenue_per_referred_customer,
    {{ share_of('referred_clv', 'referred_predicted') }} as predicted_clv_per_referred_customer,
    other_customers,
    cast(other_revenue as decimal(28, 4)) as other_revenue,
    {{ share_of('other_revenue', 'other_customers') }} as revenue_per_other_customer,
    {{ share_of('other_clv', 'other_predicted') }} as predicted_clv_per_other_customer
from {{ with_labels('rated', labels) }} as rated
