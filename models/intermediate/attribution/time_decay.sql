with paths as (

    select
        *,
        max(touched_at) over (partition by conversion_number) as last_touched_at
    from {{ ref('int_paths') }}

)

select
    conversion_number,
    touch_number,
    {# weights relative to the last touch: relative to the conversion they would lose all digits on old paths #}
    {{ round_weight(
        'power(cast(0.5 as double), ' ~ hours_between('touched_at', 'last_touched_at')
        ~ ' / (24 * ' ~ setting('attribution_half_life_days') ~ '))'
    ) }} as weight
from paths
