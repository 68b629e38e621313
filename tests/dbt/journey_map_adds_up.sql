-- Everybody has one customer type and one persona at a time, so both add up to `all`. Everybody first enters a stage in one month, so
-- months and quarters add up to the period `all`. A row of the cube that is missing or duplicated breaks one of these sums.
with cube as (

    select * from {{ ref('journey_map') }}

),

everybody as (

    select * from cube
    where customer_type = 'all' and persona = 'all'

),

splits as (

    select
        'customer_type' as split_by,
        period,
        framework,
        stage,
        sum(persons) as persons,
        sum(entered) as entered,
        sum(converted) as converted,
        sum(dropped) as dropped,
        sum(emotion_responses) as emotion_responses
    from cube
    where customer_type <> 'all' and persona = 'all'
    group by period, framework, stage
    union all
    select
        'persona' as split_by,
        period,
        framework,
        stage,
        sum(persons) as persons,
        sum(entered) as entered,
        sum(converted) as converted,
        sum(dropped) as dropped,
        sum(emotion_responses) as emotion_responses
    from cube
    where customer_type = 'all' and persona <> 'all'
    group by period, framework, stage
    union all
    select
        'both' as split_by,
        period,
        framework,
        stage,
        sum(persons) as persons,
        sum(entered) as entered,
        sum(converted) as converted,
        sum(dropped) as dropped,
        sum(emotion_responses) as emotion_responses
    from cube
    where customer_type <> 'all' and persona <> 'all'
    group by period, framework, stage

),

parts as (

    select
        period_type,
        framework,
        stage,
        max(persons) as persons,
        sum(persons) as persons_again,
        sum(entered) as entered,
        sum(converted) as converted,
        sum(dropped) as dropped,
        sum(emotion_responses) as emotion_responses
    from everybody
    where period <> 'all'
    group by period_type, framework, stage

)

select period || ' ' || framework || '.' || stage as problem
from cube
where
    least(entered - converted - dropped, converted, dropped) < 0
    {# totals only: by type and persona, entries count by what was known then, presence by what is known now #}
    or (customer_type = 'all' and persona = 'all' and (persons < entered or (period = 'all' and entered <> persons)))
    or conversion_rate not between 0 and 1
    or conversion_rate + drop_off_rate not between 0.999999999 and 1.000000001
    or (conversion_rate is null) <> (drop_off_rate is null)
union all
select everybody.period || ' ' || everybody.framework || '.' || everybody.stage as problem
from everybody
inner join splits
    on everybody.period = splits.period
    and everybody.framework = splits.framework
    and everybody.stage = splits.stage
where
    everybody.persons <> splits.persons
    or everybody.entered <> splits.entered
    or everybody.converted <> splits.converted
    or everybody.dropped <> splits.dropped
    or everybody.emotion_responses <> splits.emotion_responses
union all
select everybody.period || ' ' || everybody.framework || '.' || everybody.stage as problem
from everybody
inner join parts
    on everybody.framework = parts.framework
    and everybody.stage = parts.stage
where
    everybody.period = 'all'
    and (
        everybody.persons not between parts.persons and parts.persons_again
        or everybody.entered <> parts.entered
        or everybody.converted <> parts.converted
        or everybody.dropped <> parts.dropped
        or everybody.emotion_responses <> parts.emotion_responses
    )
