with facts as (

    select
        facts.*,
        persons.customer_type,
        persons.persona
    from {{ ref('int_stage_facts') }} as facts
    inner join {{ ref('int_journey_persons') }} as persons on facts.person_number = persons.person_number
    where facts.fact_type in ('action', 'touchpoint', 'channel', 'pain_point')

),

cohorts as (

    select
        stages.stage_number,
        persons.person_number,
        persons.customer_type,
        persons.persona,
        {{ period_of('cohorts.entered_month') }} as month,
        cohorts.is_converted,
        cohorts.is_dropped,
        cohorts.revenue_since,
        stages.has_later_stage
    from {{ ref('fct_stage_cohorts') }} as cohorts
    inner join {{ ref('int_journey_stages') }} as stages
        on cohorts.framework = stages.framework
        and cohorts.stage = stages.stage
    inner join {{ ref('int_journey_persons') }} as persons on cohorts.person_id = persons.person_id

),

met as (

    select
        period,
        stage_number,
        {{ journey_cube_columns() }},
        fact_type as item_type,
        item,
        count(*) as persons,
        sum(first_number) as value
    from facts
    {{ journey_cube('period, stage_number, fact_type, item') }}

),

{# what reaching a later stage is worth: what those who did brought in since they entered this one, beyond what the others did #}
gains as (

    select
        stage_number,
        greatest(0, coalesce(
            cast(sum(revenue_since) filter (where is_converted) as double) / nullif(count(*) filter (where is_converted), 0)
            - cast(sum(revenue_since) filter (where is_dropped) as double) / nullif(count(*) filter (where is_dropped), 0),
            0
        )) as gain
    from cohorts
    group by stage_number

),

{# a person lost is lost to each pain met in the stage, or to silence; nobody is lost on the way from the last stage #}
losses as (

    select
        lost.stage_number,
        lost.customer_type,
        lost.persona,
        lost.month,
        coalesce(pains.item, 'no_pain_point_known') as item
    from cohorts as lost
    left join facts as pains
        on lost.stage_number = pains.stage_number
        and lost.person_number = pains.person_number
        and pains.fact_type = 'pain_point'
        and pains.period = 'all'
    where lost.is_dropped and lost.has_later_stage

),

periods_of_losses as (

    select *, month as period from losses
    union all
    select *, 'all' as period from losses

),

opportunities as (

    select
        period,
        stage_number,
        {{ journey_cube_columns() }},
        item,
        count(*) as persons
    from periods_of_losses
    {{ journey_cube('period, stage_number, item') }}

),

items as (

    select * from met
    union all
    select
        opportunities.period,
        opportunities.stage_number,
        opportunities.customer_type,
        opportunities.persona,
        'opportunity' as item_type,
        opportunities.item,
        opportunities.persons,
        {{ round_double('opportunities.persons * gains.gain', 6) }} as value
    from opportunities
    inner join gains on opportunities.stage_number = gains.stage_number

),

{# a pain point is named by its kind; its reason or category stands as the source has it, unless it is a touchpoint #}
labels as (

    select item, label_en, label_vi from {{ ref('journey_items') }}
    union all
    select types.touchpoint_type as item, types.label_en, types.label_vi
    from {{ ref('touchpoint_types') }} as types
    left join {{ ref('journey_items') }} as items on types.touchpoint_type = items.item
    where items.item is null

),

ranked as (

    select
        *,
        split_part(item, ': ', 1) as kind,
        nullif(split_part(item, ': ', 2), '') as detail,
        cast(row_number() over (
            partition by period, stage_number, customer_type, persona, item_type
            order by value desc, persons desc, item
        ) as integer) as item_rank
    from items

)

select
    {{ keyed_hash(["'journey_map_item'", 'ranked.period', 'stages.framework', 'stages.stage', 'ranked.customer_type', 'ranked.persona',
        'ranked.item_type', 'ranked.item']) }} as journey_map_item_key,
    ranked.period,
    stages.framework,
    stages.stage,
    ranked.customer_type,
    ranked.persona,
    ranked.item_type,
    ranked.item_rank as rank,
    ranked.item,
    coalesce(channels.label_en, kinds.label_en || coalesce(': ' || coalesce(details.label_en, ranked.detail), ''), ranked.item) as item_en,
    coalesce(channels.label_vi, kinds.label_vi || coalesce(': ' || coalesce(details.label_vi, ranked.detail), ''), ranked.item) as item_vi,
    ranked.persons,
    cast(ranked.value as decimal(38, 6)) as value
from ranked
inner join {{ ref('int_journey_stages') }} as stages on ranked.stage_number = stages.stage_number
left join {{ ref('channels') }} as channels
    on ranked.item_type = 'channel'
    and ranked.item = channels.channel
left join labels as kinds
    on ranked.item_type <> 'channel'
    and ranked.kind = kinds.item
left join labels as details on ranked.detail = details.item
where
    ranked.item_rank
    <= case when ranked.period = 'all' then {{ setting('journey_map_items') }} else {{ setting('journey_map_items_monthly') }} end
