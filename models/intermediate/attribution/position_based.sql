select
    conversion_number,
    touch_number,
    {# 40 % at each end and 20 % between, in whole numbers: two parts of n - 2 at an end, one for each of the n - 2 between #}
    case
        when path_length <= 2 then 1
        when touch_number in (1, path_length) then 2 * (path_length - 2)
        else 1
    end as weight
from {{ ref('int_paths') }}
