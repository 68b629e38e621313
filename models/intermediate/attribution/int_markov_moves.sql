select
    conversion_type as chain,
    from_state,
    to_state,
    probability
from {{ ref('int_markov_transitions') }}
where
    probability > 0
    and from_state <> '(start)'
    and to_state not in ('(conversion)', '(null)')
