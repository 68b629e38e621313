select
    cast(row_number() over (order by person_id) as bigint) as person_number,
    person_id,
    customer_type,
    persona
from {{ ref('dim_persons') }}
where person_id <> 'unknown'
