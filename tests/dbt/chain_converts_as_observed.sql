-- The fitted Markov chain converts at the same rate as the observed paths, because visits to each state balance. A state or transition that
-- gets lost between touchpoints and effects breaks this equality.
with paths as (

    select
        conversion_type,
        sum(case when from_state = '(start)' then transitions else 0 end) as path_count,
        sum(case when to_state = '(conversion)' then transitions else 0 end) as conversion_count
    from {{ ref('int_markov_transitions') }}
    group by conversion_type

),

effects as (

    select distinct
        conversion_type,
        path_conversion_probability
    from {{ ref('int_markov_effects') }}

)

select
    paths.conversion_type,
    paths.path_count,
    paths.conversion_count,
    effects.path_conversion_probability
from paths
left join effects on paths.conversion_type = effects.conversion_type
where
    paths.conversion_count > 0
    and not coalesce(
        abs(effects.path_conversion_probability - cast(paths.conversion_count as double) / paths.path_count) < 1e-9, false
    )
