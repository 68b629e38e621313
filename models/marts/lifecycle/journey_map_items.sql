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

segments as (

    select * from {{ ref('int_journey_segments') }}

),

cells as (

    select distinct
        cube_key,
        customer_type,
        persona
    from segments

),

known_items as (

    select * from {{ ref('int_journey_items') }}

),

encountered as (

    select
        numbers.period,
        numbers.stage_number,
        segments.cube_key,
        known_items.fact_type as item_type,
        known_items.item,
        cast(sum(numbers.persons) as bigint) as persons,
        cast(null as decimal(28, 12)) as persons_shared,
        sum(numbers.first_number) as value
    from {{ ref('int_stage_items') }} as numbers
    inner join known_items on numbers.item_key = known_items.item_key
    inner join segments on numbers.segment_key = segments.segment_key
    where known_items.is_counted_by_person
    group by numbers.period, numbers.stage_number, segments.cube_key, known_items.fact_type, known_items.item

),

{# worth of reaching a later stage: mean revenue since the entry of those who converted, less that of those who dropped #}
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

{# stages in which a person was lost, by month of entry; without the last stage, since nothing lies after it #}
lost as (

    select
        person_key,
        segment_key,
        {{ period_number('entered_month') }} as month,
        {{ masks_of_stages('cohorts', 'true', name='lost_') }}
    from cohorts
    where is_dropped and has_later_stage
    group by person_key, segment_key, entered_month

),

pains as (

    select
        items.person_key,
        items.item_key,
        {{ mask_columns('items') }}
    from {{ ref('int_person_items') }} as items
    inner join known_items on items.item_key = known_items.item_key
    where known_items.fact_type = 'pain_point' and items.period = 0

),

{# each lost person with each pain point met in the stage; who met none has no row, because there is nothing to mend #}
losses as (

    select
        lost.person_key,
        lost.month,
        lost.segment_key,
        pains.item_key,
        {{ each_mask('lost.lost_# & pains.mask_# as mask_#') }}
    from lost
    inner join pains on lost.person_key = pains.person_key

),

{# each person is divided equally over the pain points met, so that the shares add up to the number of persons #}
shares as (

    select
        losses.month,
        {{ quarter_number('losses.month') }} as quarter,
        losses.segment_key,
        losses.item_key,
        stages.stage_number,
        count(*) over (partition by losses.person_key, losses.month, losses.segment_key, stages.stage_number) as pains_met
    from losses
    inner join stages on {{ is_in_mask('losses', 'stages') }}

),

{# aggregated before the join with segments, which multiplies rows; in decimals, so that both engines sum the same thirds #}
shares_of_stages as (

    select
        month,
        quarter,
        segment_key,
        item_key,
        stage_number,
        count(*) as persons,
        sum(cast(1 / cast(pains_met as double) as decimal(28, 12))) as persons_shared
    from shares
    group by month, quarter, segment_key, item_key, stage_number

),

opportunities as (

    select
        coalesce(shares.month, shares.quarter, 0) as period,
        shares.stage_number,
        segments.cube_key,
        known_items.item,
        cast(sum(shares.persons) as bigint) as persons,
        cast(sum(shares.persons_shared) as decimal(28, 12)) as persons_shared
    from shares_of_stages as shares
    inner join segments on shares.segment_key = segments.segment_key
    inner join known_items on shares.item_key = known_items.item_key
    group by shares.stage_number, segments.cube_key, known_items.item, rollup(shares.quarter, shares.month)

),

items as (

    select * from encountered
    union all
    select
        opportunities.period,
        opportunities.stage_number,
        opportunities.cube_key,
        'opportunity' as item_type,
        opportunities.item,
        opportunities.persons,
        opportunities.persons_shared,
        {{ round_double('cast(opportunities.persons_shared as double) * gains.gain * ' ~ setting('opportunity_share'), 6) }} as value
    from opportunities
    inner join gains on opportunities.stage_number = gains.stage_number

),

{# labels of items and of kinds of pain points; a detail without a label, here or in reasons, is shown as the source has it #}
labels as (

    select item, label_en, label_vi from {{ ref('journey_items') }}
    union all
    select types.touchpoint_type as item, types.label_en, types.label_vi
    from {{ ref('touchpoint_types') }} as types
    left join {{ ref('journey_items') }} as items on types.touchpoint_type = items.item
    where items.item is null

),

{# labels of the reasons for lost deals and cancellations #}
reasons as (

    select 'lost_deal' as kind, lost_reason as detail, label_en, label_vi from {{ ref('lost_reasons') }}
    union all
    select 'cancelled' as kind, reason as detail, label_en, label_vi from {{ ref('churn_reasons') }}

),

ranked as (

    select
        *,
        cast(row_number() over (
            partition by period, stage_number, cube_key, item_type
            order by value desc, persons desc, item
        ) as integer) as item_rank
    from items

),

{# filtered before the joins with labels, because most items are not shown #}
shown as (

    select
        *,
        split_part(item, ': ', 1) as kind,
        nullif(split_part(item, ': ', 2), '') as detail
    from ranked
    where
        item_rank
        <= case when period = 0 then {{ setting('journey_map_items') }} else {{ setting('journey_map_items_monthly') }} end

)

select
    {{ period_name('shown.period') }} as period,
    stages.framework,
    stages.stage,
    cells.customer_type,
    cells.persona,
    shown.item_type,
    shown.item_rank as rank,
    {{ period_type_of('shown.period') }} as period_type,
    {{ joined_labels('stage', 'stages.stage', ranked=true) }},
    shown.item,
    coalesce(
        channels.label_en,
        kinds.label_en || coalesce(': ' || coalesce(reasons.label_en, details.label_en, shown.detail), ''),
        shown.item
    ) as item_en,
    coalesce(
        channels.label_vi,
        kinds.label_vi || coalesce(': ' || coalesce(reasons.label_vi, details.label_vi, shown.detail), ''),
        shown.item
    ) as item_vi,
    shown.persons,
    cast(shown.persons_shared as decimal(18, 6)) as persons_shared,
    cast(shown.value as decimal(38, 6)) as value
from shown
inner join cells on shown.cube_key = cells.cube_key
inner join stages on shown.stage_number = stages.stage_number
left join {{ ref('channels') }} as channels
    on shown.item_type = 'channel'
    and shown.item = channels.channel
left join labels as kinds
    on shown.item_type <> 'channel'
    and shown.kind = kinds.item
left join labels as details on shown.detail = details.item
left join reasons
    on shown.kind = reasons.kind
    and shown.detail = reasons.detail
{{ join_labels('stage', "'framework_stage'", "stages.framework || '.' || stages.stage") }}
{{ in_order_of('shown.stage_number, cells.customer_type, cells.persona, shown.item_type, shown.item_rank, shown.period') }}
