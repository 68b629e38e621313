-- Every ticket is in its month once per dimension, and the backlog of the last month is the number of tickets unresolved at as-of.
with sums as (

    select
        month_start,
        dimension,
        {%- for column in ['tickets', 'first_responses', 'resolved', 'target_tickets', 'within_target'] %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
        sum(open_tickets) as open_tickets
    from {{ ref('kpi_service') }}
    group by month_start, dimension

),

truth as (

    select
        count(*) as tickets,
        count(first_response_at) as first_responses,
        count(resolved_at) as resolved,
        count(*) filter (where is_within_target) as within_target,
        count(*) - count(resolved_at) as open_tickets
    from {{ ref('fct_tickets') }}

),

totals as (

    select
        coalesce(sum(tickets), 0) as tickets,
        coalesce(sum(first_responses), 0) as first_responses,
        coalesce(sum(resolved), 0) as resolved,
        coalesce(sum(within_target), 0) as within_target,
        coalesce(sum(case when not is_complete then open_tickets end), 0) as open_tickets
    from {{ ref('kpi_service') }}
    where dimension = 'all'

)

select sums.dimension as problem
from sums
inner join sums as everything
    on sums.month_start = everything.month_start
    and everything.dimension = 'all'
where
    sums.tickets <> everything.tickets
    or sums.first_responses <> everything.first_responses
    or sums.resolved <> everything.resolved
    or sums.target_tickets <> everything.target_tickets
    or sums.within_target <> everything.within_target
    or sums.open_tickets <> everything.open_tickets
union all
select concat_ws(' ', cast(month_start as string), dimension, dimension_value) as problem
from {{ ref('kpi_service') }}
where open_tickets < 0
union all
select 'tickets' as problem
from truth
inner join totals on true
where
    truth.tickets <> totals.tickets
    or truth.first_responses <> totals.first_responses
    or truth.resolved <> totals.resolved
    or truth.within_target <> totals.within_target
    or truth.open_tickets <> totals.open_tickets
