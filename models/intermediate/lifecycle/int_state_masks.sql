select
    state_key,
    {{ masks_of_stages('stages', 'true') }}
from {{ ref('int_state_stages') }} as stages
group by state_key
