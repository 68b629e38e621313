select
    persons.person_key,
    dim_persons.customer_type,
    dim_persons.persona,
    dim_persons.is_known,
    dim_persons.customer_since,
    {{ segment_key('dim_persons.customer_type', 'dim_persons.persona') }} as segment_key
from {{ ref('dim_persons') }} as dim_persons
inner join {{ ref('int_persons') }} as persons on dim_persons.person_id = persons.person_id
where dim_persons.person_id <> 'unknown'
