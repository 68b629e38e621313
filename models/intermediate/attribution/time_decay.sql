with paths as (

    select
        *,
        max(touched_at) over (partition by conversion_number) as last_touched_at
    from {{ ref('int_paths') }}

)

select
    conversion_number,
    touch_number,
    {# in proportion to the last touch, so that old paths keep their digits #}
    {{ round_weight(
        'power(cast(0.5 as double), ' ~ hours_between('touched_at', 'last_touched_at')
        ~ ' / (24 * ' ~ setting('attribution_half_life_days') ~ '))'
    ) }} as weight
from paths
