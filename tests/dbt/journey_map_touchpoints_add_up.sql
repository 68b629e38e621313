-- A touchpoint falls into one month, one quarter and at most one stage of a framework. Counted twice, there would be more touches or credit
-- than exist; missing from a month or quarter, only trends would be wrong.
with everybody as (

    select * from {{ ref('journey_map_touchpoints') }}
    where customer_type = 'all' and persona = 'all'

),

overall as (

    select * from everybody
    where period = 'all'

),

parts as (

    select
        period_type,
        framework,
        stage,
        touchpoint_type,
        sum(touches) as touches,
        max(persons) as persons,
        sum(responses) as responses,
        sum(attributed_conversions) as attributed_conversions
    from everybody
    where period <> 'all'
    group by period_type, framework, stage, touchpoint_type

),

kinds as (

    select distinct period_type from parts

),

by_type as (

    select
        framework,
        touchpoint_type,
        sum(touches) as touches
    from overall
    group by framework, touchpoint_type

),

touchpoints as (

    select
        touchpoint_type,
        count(*) as touches
    from {{ ref('fct_touchpoints') }}
    where person_id <> 'unknown'
    group by touchpoint_type

),

by_framework as (

    select
        framework,
        sum(attributed_conversions) as attributed_conversions
    from overall
    group by framework

),

credits as (

    select coalesce(sum(attribution.credit), 0) as credit
    from {{ ref('fct_attribution') }} as attribution
    inner join {{ ref('fct_conversions') }} as conversions on attribution.conversion_id = conversions.conversion_id
    inner join {{ ref('conversion_types') }} as types on conversions.conversion_type = types.conversion_type
    where
        types.has_revenue
        and attribution.touchpoint_id is not null
        and attribution.attribution_model = '{{ setting('journey_map_attribution_model') }}'

)

select overall.framework || '.' || overall.stage || ' ' || overall.touchpoint_type || ' by ' || kinds.period_type as problem
from overall
cross join kinds
left join parts
    on kinds.period_type = parts.period_type
    and overall.framework = parts.framework
    and overall.stage = parts.stage
    and overall.touchpoint_type = parts.touchpoint_type
where
    overall.touches is distinct from parts.touches
    or overall.responses is distinct from parts.responses
    or abs(overall.attributed_conversions - parts.attributed_conversions) > 0.0001
    or overall.persons < parts.persons
    or overall.persons > overall.touches
union all
select by_type.framework || '.' || by_type.touchpoint_type as problem
from by_type
left join touchpoints on by_type.touchpoint_type = touchpoints.touchpoint_type
where by_type.touches > coalesce(touchpoints.touches, 0)
union all
select by_framework.framework as problem
from by_framework
cross join credits
where by_framework.attributed_conversions > credits.credit + 0.01
