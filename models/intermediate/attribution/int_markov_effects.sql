with transitions as (

    select * from {{ ref('int_markov_transitions') }}

),

channels as (

    select distinct
        conversion_type,
        to_state as channel
    from transitions
    where to_state not in ('(conversion)', '(null)')

),

{# int_markov_visits has only channels with transitions to other channels; a path through any other channel visits it once #}
visits as (

    select
        chain as conversion_type,
        from_state,
        to_state,
        visits
    from {{ ref('int_markov_visits') }}
    union all
    select
        channels.conversion_type,
        channels.channel as from_state,
        channels.channel as to_state,
        cast(1 as double) as visits
    from channels
    left join {{ ref('int_markov_visits') }} as known
        on channels.conversion_type = known.chain
        and channels.channel = known.from_state
        and channels.channel = known.to_state
    where known.chain is null

),

exits as (

    select
        conversion_type,
        from_state as channel,
        probability
    from transitions
    where to_state = '(conversion)'

),

starts as (

    select
        conversion_type,
        to_state as channel,
        probability
    from transitions
    where from_state = '(start)'

),

{# probability that a path in the channel ends in a conversion #}
conversion_chances as (

    select
        visits.conversion_type,
        visits.from_state as channel,
        sum(visits.visits * exits.probability) as conversion_probability
    from visits
    inner join exits
        on visits.conversion_type = exits.conversion_type
        and visits.to_state = exits.channel
    group by visits.conversion_type, visits.from_state

),

{# expected visits of a path to the channel #}
visits_from_start as (

    select
        visits.conversion_type,
        visits.to_state as channel,
        sum(starts.probability * visits.visits) as expected_visits
    from starts
    inner join visits
        on starts.conversion_type = visits.conversion_type
        and starts.channel = visits.from_state
    group by visits.conversion_type, visits.to_state

),

path_chances as (

    select
        starts.conversion_type,
        sum(starts.probability * conversion_chances.conversion_probability) as path_conversion_probability
    from starts
    inner join conversion_chances
        on starts.conversion_type = conversion_chances.conversion_type
        and starts.channel = conversion_chances.channel
    group by starts.conversion_type

),

effects as (

    select
        channels.conversion_type,
        channels.channel,
        path_chances.path_conversion_probability,
        {#
            removing the channel loses the paths that reach it and would convert from there; visits / own visits is the probability of
            reaching it
        #}
        coalesce(
            visits_from_start.expected_visits / own_visits.visits * conversion_chances.conversion_probability
            / path_chances.path_conversion_probability,
            0
        ) as removal_effect
    from channels
    inner join path_chances on channels.conversion_type = path_chances.conversion_type
    left join visits_from_start
        on channels.conversion_type = visits_from_start.conversion_type
        and channels.channel = visits_from_start.channel
    left join visits as own_visits
        on channels.conversion_type = own_visits.conversion_type
        and channels.channel = own_visits.from_state
        and channels.channel = own_visits.to_state
    left join conversion_chances
        on channels.conversion_type = conversion_chances.conversion_type
        and channels.channel = conversion_chances.channel

)

select
    *,
    removal_effect / sum(removal_effect) over (partition by conversion_type) as weight
from effects
