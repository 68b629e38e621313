with paths as (

    select * from {{ ref('int_paths') }}

),

effects as (

    select * from {{ ref('int_markov_effects') }}

),

weighted as (

    select
        paths.conversion_number,
        paths.touch_number,
        {{ round_weight('effects.removal_effect') }} as weight,
        max(effects.removal_effect) over (partition by paths.conversion_number) as greatest_effect
    from paths
    inner join effects
        on paths.conversion_type = effects.conversion_type
        and paths.channel = effects.channel

)

select
    conversion_number,
    touch_number,
    case when greatest_effect > 0 then weight else 1 end as weight
from weighted
