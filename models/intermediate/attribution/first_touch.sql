select
    conversion_id,
    touchpoint_id,
    1.0 as weight
from {{ ref('int_paths') }}
where touch_number = 1
