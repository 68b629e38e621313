select *, {{ key_of('person_id') }} as person_key from {{ ref('fct_conversions') }}
