-- Every dimension splits the same deals and leads. A deal is created, won or lost in one month each and open at the end of every month
-- between; counted twice or open after it was lost, it would change win rate or pipeline.
with sums as (

    select
        month_start,
        dimension,
        sum(created_deals) as created_deals,
        sum(won_deals) as won_deals,
        sum(lost_deals) as lost_deals,
        sum(open_deals) as open_deals,
        sum(open_amount) as open_amount,
        sum(won_amount) as won_amount,
        sum(leads) as leads,
        sum(answered_leads) as answered_leads,
        sum(mqls) as mqls,
        sum(accepted_mqls) as accepted_mqls
    from {{ ref('kpi_pipeline') }}
    group by month_start, dimension

),

everything as (

    select * from sums
    where dimension = 'all'

),

deals as (

    select
        count(*) as created_deals,
        count(*) filter (where status = 'won' and closed_date is not null) as won_deals,
        count(*) filter (where status = 'lost' and closed_date is not null) as lost_deals,
        count(*) filter (where status = 'open') as open_deals
    from {{ ref('fct_deals') }}

),

counted as (

    select
        coalesce(sum(created_deals), 0) as created_deals,
        coalesce(sum(won_deals), 0) as won_deals,
        coalesce(sum(lost_deals), 0) as lost_deals,
        coalesce(max(case when not is_complete then open_deals end), 0) as open_deals
    from {{ ref('kpi_pipeline') }}
    where dimension = 'all'

)

select sums.dimension || ' ' || cast(sums.month_start as string) as problem
from sums
inner join everything on sums.month_start = everything.month_start
where
    sums.created_deals <> everything.created_deals
    or sums.won_deals <> everything.won_deals
    or sums.lost_deals <> everything.lost_deals
    or sums.open_deals <> everything.open_deals
    or sums.open_amount <> everything.open_amount
    or sums.won_amount <> everything.won_amount
    or sums.leads <> everything.leads
    or sums.answered_leads <> everything.answered_leads
    or sums.mqls <> everything.mqls
    or sums.accepted_mqls <> everything.accepted_mqls
union all
select concat_ws(' ', cast(month_start as string), dimension, dimension_value) as problem
from {{ ref('kpi_pipeline') }}
where open_deals < 0
union all
select 'deals' as problem
from deals
cross join counted
where
    deals.created_deals <> counted.created_deals
    or deals.won_deals <> counted.won_deals
    or deals.lost_deals <> counted.lost_deals
    or deals.open_deals <> counted.open_deals
