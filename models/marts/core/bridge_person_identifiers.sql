select
    {{ keyed_hash(["'person_identifier'", 'identifier', 'period_number']) }} as person_identifier_key,
    person_id,
    identifier_type,
    identifier_hash,
    valid_from,
    valid_to,
    valid_to is null as is_current
from {{ ref('int_identifier_periods') }}
