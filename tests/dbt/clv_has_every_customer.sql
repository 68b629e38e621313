-- Every customer is in kpi_clv; a missing one would be missing from every sum of predicted value.
select persons.person_id
from {{ ref('dim_persons') }} as persons
left join {{ ref('kpi_clv') }} as clv on persons.person_id = clv.person_id
where persons.customer_since is not null and clv.person_id is null
