select
    {{ keyed_hash(["'person_identifier'", 'periods.identifier', 'periods.period_number']) }} as person_identifier_key,
    persons.person_id,
    {{ shown_text('periods.identifier_type', 'texts') }} as identifier_type,
    periods.identifier_hash,
    periods.valid_from,
    periods.valid_to,
    periods.valid_to is null as is_current
from {{ ref('int_identifier_periods') }} as periods
inner join {{ ref('int_persons') }} as persons on periods.person_key = persons.person_key
{{ join_shared_identifier_type('texts', 'periods') }}
{{ in_order_of('periods.person_key, periods.valid_from, periods.identifier') }}
