-- A customer who is none of kpi_clv would be missing from every sum of what customers are to bring.
select persons.person_id
from {{ ref('dim_persons') }} as persons
left join {{ ref('kpi_clv') }} as clv on persons.person_id = clv.person_id
where persons.customer_since is not null and clv.person_id is null
