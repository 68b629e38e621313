-- Two states that share a key would stand in the same stages: add a word to the text that the macro state_key hashes, and build again.
with states as (

    select state_key, overrides, scope, overriding, open_definitions
    from {{ ref('int_person_moves') }}
    union
    select state_key_before, overrides, scope, overriding_before, open_before
    from {{ ref('int_person_moves') }}

)

select state_key
from states
group by state_key
having count(*) > 1
