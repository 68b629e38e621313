select
    conversion_number,
    touch_number,
    1.0 as weight
from {{ ref('int_paths') }}
where touch_number = 1
