-- Invariant 7: promoters, passives and detractors are all the responses, and every dimension splits the same responses.
with sums as (

    select
        month_start,
        dimension,
        sum(responses) as responses
    from {{ ref('kpi_nps') }}
    group by month_start, dimension

)

select nps_key as problem
from {{ ref('kpi_nps') }}
where promoters + passives + detractors <> responses
union all
select sums.dimension as problem
from sums
inner join sums as everything
    on sums.month_start = everything.month_start
    and everything.dimension = 'all'
where sums.responses <> everything.responses
