with cohorts as (

    select * from {{ ref('fct_stage_cohorts') }}
    where is_converted or is_dropped

),

totals as (

    select
        framework,
        stage,
        count(*) filter (where is_converted) as advanced,
        count(*) filter (where is_dropped) as left_persons
    from cohorts
    group by framework, stage

),

{# what those who left touched last is known of them alone: no factor #}
facts as (

    select
        stages.framework,
        stages.stage,
        persons.person_id,
        facts.fact_type,
        facts.item
    from {{ ref('int_stage_facts') }} as facts
    inner join {{ ref('int_journey_stages') }} as stages on facts.stage_number = stages.stage_number
    inner join {{ ref('int_journey_persons') }} as persons on facts.person_number = persons.person_number
    where
        facts.period = 'all'
        and facts.fact_type in ('action', 'touchpoint', 'channel', 'pain_point')
        and facts.item not like 'left_after: %'

),

factors as (

    select
        cohorts.framework,
        cohorts.stage,
        facts.fact_type as factor_type,
        facts.item as factor,
        cohorts.is_converted
    from cohorts
    inner join facts
        on cohorts.framework = facts.framework
        and cohorts.stage = facts.stage
        and cohorts.person_id = facts.person_id
    union all
    select framework, stage, 'customer_type' as factor_type, customer_type as factor, is_converted from cohorts
    union all
    select framework, stage, 'persona' as factor_type, persona as factor, is_converted from cohorts
    union all
    select framework, stage, 'entry_channel' as factor_type, channel as factor, is_converted from cohorts

),

counted as (

    select
        framework,
        stage,
        factor_type,
        factor,
        count(*) filter (where is_converted) as advanced_with,
        count(*) filter (where not is_converted) as left_with
    from factors
    group by framework, stage, factor_type, factor

),

shares as (

    select
        counted.*,
        totals.advanced,
        totals.left_persons,
        cast(counted.advanced_with as double) / totals.advanced as share_of_advanced,
        cast(counted.left_with as double) / totals.left_persons as share_of_left
    from counted
    inner join totals
        on counted.framework = totals.framework
        and counted.stage = totals.stage
    where
        totals.advanced > 0
        and totals.left_persons > 0
        and counted.advanced_with + counted.left_with >= {{ setting('driver_min_persons') }}

),

intervals as (

    select
        *,
        share_of_advanced - share_of_left as difference,
        {{ newcombe_bound('share_of_advanced', 'advanced', 'share_of_left', 'left_persons', '-') }} as difference_low,
        {{ newcombe_bound('share_of_advanced', 'advanced', 'share_of_left', 'left_persons', '+') }} as difference_high
    from shares

)

select
    {{ keyed_hash(["'journey_driver'", 'framework', 'stage', 'factor_type', 'factor']) }} as journey_driver_key,
    framework,
    stage,
    factor_type,
    factor,
    advanced,
    advanced_with,
    left_persons,
    left_with,
    share_of_advanced,
    share_of_left,
    difference,
    difference_low,
    difference_high,
    difference_low > 0 or difference_high < 0 as is_significant
from intervals
