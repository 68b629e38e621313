-- A history that overlaps, leaves a gap or ends with something else than dim_persons would tell another story than the stages do.
with neighbours as (

    select
        *,
        lead(valid_from) over (partition by person_id order by valid_from) as next_valid_from,
        row_number() over (partition by person_id order by valid_from desc) as row_from_the_end
    from {{ ref('dim_persons_history') }}

)

select person_id
from neighbours
where next_valid_from is distinct from valid_to or valid_to <= valid_from or is_current <> (row_from_the_end = 1)
union all
select persons.person_id
from {{ ref('dim_persons') }} as persons
left join {{ ref('dim_persons_history') }} as history on persons.person_id = history.person_id and history.is_current
where
    history.person_id is null
    or persons.is_known <> history.is_known
    or persons.customer_type <> history.customer_type
    or persons.persona <> history.persona
    or persons.country <> history.country
    or persons.company_id <> history.company_id
    or persons.buying_role <> history.buying_role
    or persons.first_channel <> history.first_channel
    or persons.current_stage <> history.current_stage
    or persons.customer_since is distinct from history.customer_since
