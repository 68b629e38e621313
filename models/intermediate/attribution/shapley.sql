{# exact Shapley value of the game in which a path converts once all its channels are present: every channel has the same share #}
with paths as (

    select
        *,
        count(*) over (partition by conversion_number, channel) as channel_touch_count
    from {{ ref('int_paths') }}

)

select
    conversion_number,
    touch_number,
    {{ round_weight('cast(1 as double) / channel_touch_count', digits=12) }} as weight
from paths
