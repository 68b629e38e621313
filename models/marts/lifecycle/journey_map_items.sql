{%- set masks = mask_columns() -%}

with stages as (

    select * from {{ ref('int_framework_stages') }}

),

cohorts as (

    select
        cohorts.*,
        stages.mask_number,
        stages.mask_bit,
        stages.has_later_stage
    from {{ ref('int_stage_cohorts') }} as cohorts
    inner join stages on cohorts.stage_number = stages.stage_number

),

encountered as (

    select
        period,
        stage_number,
        {{ journey_cube_columns() }},
        fact_type as item_type,
        item,
        cast(sum(persons) as bigint) as persons,
        sum(first_number) as value
    from {{ ref('int_stage_items') }}
    where fact_type in ('action', 'touchpoint', 'channel', 'pain_point')
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

{# the stages that a person is lost to, by the month of their entry; nobody is lost on the way from the last stage #}
lost as (

    select
        person_key,
        customer_type,
        persona,
        {{ period_of('entered_month') }} as month,
        {{ masks_of_stages('cohorts', 'true', name='lost_') }}
    from cohorts
    where is_dropped and has_later_stage
    group by person_key, customer_type, persona, entered_month

),

pains as (

    select
        person_key,
        item,
        {{ masks }}
    from {{ ref('int_person_items') }}
    where fact_type = 'pain_point' and period = 'all'

),

pains_of_persons as (

    select
        person_key,
        {{ mask_unions() }}
    from pains
    group by person_key

),

{# a person lost is lost to each pain met in the stage, or to silence #}
losses as (

    select
        lost.month,
        lost.customer_type,
        lost.persona,
        pains.item
        {%- for mask in stage_masks() %},
        lost.lost_{{ mask }} & pains.mask_{{ mask }} as mask_{{ mask }}
        {%- endfor %}
    from lost
    inner join pains on lost.person_key = pains.person_key
    union all
    select
        lost.month,
        lost.customer_type,
        lost.persona,
        'no_pain_point_known' as item
        {%- for mask in stage_masks() %},
        lost.lost_{{ mask }} - (lost.lost_{{ mask }} & coalesce(pains_of_persons.mask_{{ mask }}, 0)) as mask_{{ mask }}
        {%- endfor %}
    from lost
    left join pains_of_persons on lost.person_key = pains_of_persons.person_key

),

losses_of_masks as (

    select
        month,
        customer_type,
        persona,
        item,
        {{ masks }},
        count(*) as persons
    from losses
    where {{ has_any_stage() }}
    group by month, customer_type, persona, item, {{ masks }}

),

opportunities as (

    select
        case when grouping(losses_of_masks.month) = 1 then 'all' else losses_of_masks.month end as period,
        stages.stage_number,
        {{ journey_cube_columns() }},
        losses_of_masks.item,
        cast(sum(losses_of_masks.persons) as bigint) as persons
    from losses_of_masks
    inner join stages on {{ is_in_mask('losses_of_masks', 'stages') }}
    group by stages.stage_number, losses_of_masks.item, cube(losses_of_masks.month, customer_type, persona)

),

items as (

    select * from encountered
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
inner join stages on ranked.stage_number = stages.stage_number
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
order by stages.framework, ranked.stage_number, ranked.customer_type, ranked.persona, ranked.item_type, ranked.item_rank, ranked.period
