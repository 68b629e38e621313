select
    sessions.*,
    {{ key_of('sessions.session_id') }} as session_key,
    {{ person_key_of(['anonymous_id']) }} as person_key
from {{ ref('int_sessions') }} as sessions
{{ join_persons('sessions', ['anonymous_id'], 'started_at') }}
