with cohorts as (

    select
        cohorts.*,
        stages.mask_number,
        stages.mask_bit,
        segments.customer_type,
        segments.persona
    from {{ ref('int_stage_cohorts') }} as cohorts
    inner join {{ ref('int_framework_stages') }} as stages on cohorts.stage_number = stages.stage_number
    inner join {{ ref('int_journey_segments') }} as segments
        on cohorts.segment_key = segments.segment_key
        and segments.segment_key = segments.cube_key
    where cohorts.is_converted or cohorts.is_dropped

),

totals as (

    select
        stage_number,
        count(*) filter (where is_converted) as advanced,
        count(*) filter (where is_dropped) as left_persons
    from cohorts
    group by stage_number

),

persons as (

    select
        person_key,
        {{ masks_of_stages('cohorts', 'is_converted', name='advanced_') }},
        {{ masks_of_stages('cohorts', 'is_dropped', name='left_') }}
    from cohorts
    group by person_key

),

facts as (

    select
        items.item_key,
        {{ each_mask('items.mask_# & persons.advanced_# as advanced_#') }},
        {{ each_mask('items.mask_# & persons.left_# as left_#') }}
    from {{ ref('int_person_items') }} as items
    inner join persons on items.person_key = persons.person_key
    where items.period = 0

),

facts_of_masks as (

    {%- for outcome in ['advanced', 'left'] %}
    select
        item_key,
        {{ each_mask(outcome ~ '_# as mask_#') }},
        {{ 'count(*)' if outcome == 'advanced' else 'cast(0 as bigint)' }} as advanced_with,
        {{ 'count(*)' if outcome == 'left' else 'cast(0 as bigint)' }} as left_with
    from facts
    where {{ has_any_stage(name=outcome ~ '_') }}
    group by item_key, {{ each_mask(outcome ~ '_#') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    select
        stages.stage_number,
        known_items.fact_type as factor_type,
        known_items.item as factor,
        cast(sum(facts_of_masks.advanced_with) as bigint) as advanced_with,
        cast(sum(facts_of_masks.left_with) as bigint) as left_with
    from facts_of_masks
    inner join {{ ref('int_framework_stages') }} as stages on {{ is_in_mask('facts_of_masks', 'stages') }}
    inner join {{ ref('int_journey_items') }} as known_items on facts_of_masks.item_key = known_items.item_key
    {# `left_after` facts are known of those who left alone: they would separate the groups by construction #}
    where known_items.item not like 'left_after: %'
    group by stages.stage_number, known_items.fact_type, known_items.item
    {%- for factor_type, factor in [('customer_type', 'customer_type'), ('persona', 'persona'), ('entry_channel', 'channel')] %}
    union all
    select
        stage_number,
        '{{ factor_type }}' as factor_type,
        {{ factor }} as factor,
        count(*) filter (where is_converted) as advanced_with,
        count(*) filter (where is_dropped) as left_with
    from cohorts
    group by stage_number, {{ factor }}
    {%- endfor %}

),

shares as (

    select
        counted.*,
        totals.advanced,
        totals.left_persons,
        cast(counted.advanced_with as double) / totals.advanced as share_of_advanced,
        cast(counted.left_with as double) / totals.left_persons as share_of_left
    from counted
    inner join totals on counted.stage_number = totals.stage_number
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
    stages.framework,
    stages.stage,
    intervals.factor_type,
    intervals.factor,
    intervals.advanced,
    intervals.advanced_with,
    intervals.left_persons,
    intervals.left_with,
    intervals.share_of_advanced,
    intervals.share_of_left,
    intervals.difference,
    intervals.difference_low,
    intervals.difference_high,
    intervals.difference_low > 0 or intervals.difference_high < 0 as is_significant
from intervals
inner join {{ ref('int_framework_stages') }} as stages on intervals.stage_number = stages.stage_number
{{ in_order_of('stages.framework, intervals.stage_number, intervals.factor_type, intervals.factor') }}
