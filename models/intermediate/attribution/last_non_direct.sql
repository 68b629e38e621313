select
    conversion_number,
    touch_number,
    1.0 as weight
from {{ ref('int_paths') }}
qualify row_number() over (
    partition by conversion_number
    {# if all touches are direct, the last one #}
    order by case when channel = 'direct' then 1 else 0 end, touch_number desc
) = 1
