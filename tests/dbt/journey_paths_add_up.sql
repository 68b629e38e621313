-- Each person on a path has exactly one outcome: reached the goal, left or in progress. Otherwise conversion rates of paths mean nothing.
with places as (

    select
        *,
        row_number() over (partition by framework order by rank) as place,
        lag(persons) over (partition by framework order by rank) as persons_before,
        sum(share_of_advanced) over (partition by framework) as shares_of_advanced,
        sum(share_of_left) over (partition by framework) as shares_of_left
    from {{ ref('journey_paths') }}

)

select
    framework,
    path
from places
where
    advanced + left_persons + in_progress <> persons
    or least(advanced, left_persons, in_progress, stage_count) < 0
    or rank <> place
    or persons > persons_before
    or shares_of_advanced > 1.000000001
    or shares_of_left > 1.000000001
    or (path = '(direct)' and advanced <> persons)
