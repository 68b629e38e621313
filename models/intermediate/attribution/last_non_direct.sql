select
    conversion_id,
    touchpoint_id,
    1.0 as weight
from {{ ref('int_paths') }}
qualify row_number() over (
    partition by conversion_id
    {# where all touches are direct, the last of them #}
    order by case when channel = 'direct' then 1 else 0 end, touch_number desc
) = 1
