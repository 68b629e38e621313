-- Recounts referred customers and active customers from invitations, persons and stage evidence. Without the window, or per referrer
-- instead of per customer, the k-factor would promise growth that is not there.
with invitations as (

    select
        *,
        {{ month_of('referred_date') }} as month_start,
        {{ microseconds_between('referred_at', 'converted_at') }} between 0
        and {{ setting('referral_window_days') }} * cast(86400000000 as bigint) as is_in_time
    from {{ ref('fct_referrals') }}

),

counted as (

    select
        month_start,
        count(*) as invitations,
        count(*) filter (where is_in_time) as converted
    from invitations
    group by month_start

),

published as (

    select * from {{ ref('kpi_referrals') }}
    where dimension = 'all'

),

customers as (

    select
        published.month_start,
        count(distinct evidence.person_id) as customers
    from published
    inner join {{ ref('fct_stage_evidence') }} as evidence
        on {{ month_of(reporting_date('evidence.entered_at')) }} <= published.month_start
        and coalesce({{ reporting_date('evidence.left_at') }} >= published.month_start, true)
    inner join {{ ref('conversion_types') }} as types
        on evidence.stage = types.stage_definition
        and types.conversion_type = 'customer'
        and (types.counts_crm_changes or not evidence.is_override)
    inner join {{ ref('dim_persons') }} as persons on evidence.person_id = persons.person_id
    where not persons.is_internal
    group by published.month_start

)

select cast(published.month_start as string) as problem
from published
left join counted on published.month_start = counted.month_start
left join customers on published.month_start = customers.month_start
where
    published.invitations <> coalesce(counted.invitations, 0)
    or published.converted <> coalesce(counted.converted, 0)
    or published.active_customers <> coalesce(customers.customers, 0)
    or {{ differ(
        'case when published.k_factor is not null then cast(coalesce(counted.converted, 0) as double) / customers.customers end',
        'published.k_factor'
    ) }}
    or (published.k_factor is not null) <> (published.is_mature and customers.customers > 0)
union all
select invitations.referral_id as problem
from invitations
inner join {{ ref('dim_persons') }} as persons on invitations.referred_person_id = persons.person_id
where
    invitations.is_converted <> coalesce(invitations.is_in_time, false)
    or (invitations.converted_at is not null and invitations.converted_at is distinct from persons.customer_since)
