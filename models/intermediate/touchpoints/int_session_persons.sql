select *, {{ key_of('person_id') }} as person_key from (
select
    sessions.*,
    {{ person_id_of(['anonymous_id']) }} as person_id
from {{ ref('int_sessions') }} as sessions
{{ join_persons('sessions', ['anonymous_id'], 'started_at') }}

) as shim
