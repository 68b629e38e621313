{%- set labels = {'stage': 'framework_stage'} -%}

{# landmark analysis: persons still in their first stay at the landmark, with the outcome that came later #}
with cohorts as (

    select
        cohorts.person_key,
        cohorts.stage_number,
        cohorts.channel,
        cohorts.customer_type,
        cohorts.persona,
        cohorts.entered_at,
        {{ add_days('cohorts.entered_at', setting('driver_landmark_days')) }} as landmark_at,
        cohorts.is_converted,
        cohorts.is_dropped,
        stages.mask_number,
        stages.mask_bit
    from {{ ref('int_stage_cohorts') }} as cohorts
    inner join {{ ref('int_framework_stages') }} as stages on cohorts.stage_number = stages.stage_number
    where
        {# of an open window only those who went on or left fast would be known #}
        {{ add_days('cohorts.entered_at', setting('funnel_window_days')) }} <= {{ as_of() }}
        and (
            cohorts.exited_at is null
            or cohorts.exited_at > {{ add_days('cohorts.entered_at', setting('driver_landmark_days')) }}
        )

),

totals as (

    select
        stage_number,
        count(*) filter (where is_converted) as advanced,
        count(*) filter (where is_dropped) as left_persons
    from cohorts
    group by stage_number

),

{# frameworks share moments of entry, so facts are looked up once per moment; a first entry puts each stage in one window only #}
windows as (

    select
        person_key,
        entered_at,
        landmark_at,
        max(channel) as entry_channel,
        {# as known at the entry: knowledge that came with the outcome would contain it #}
        max(customer_type) as customer_type,
        max(persona) as persona,
        {{ masks_of_stages('cohorts', 'is_converted', name='advanced_') }},
        {{ masks_of_stages('cohorts', 'is_dropped', name='left_') }}
    from cohorts
    group by person_key, entered_at, landmark_at

),

facts as (

    select
        windows.person_key,
        windows.entered_at,
        facts.item_key,
        {{ each_mask('max(windows.advanced_#) as advanced_#') }},
        {{ each_mask('max(windows.left_#) as left_#') }}
    from {{ ref('int_journey_facts') }} as facts
    inner join {{ ref('int_journey_items') }} as items on facts.item_key = items.item_key
    inner join windows
        on facts.person_key = windows.person_key
        and facts.happened_at >= windows.entered_at
        and facts.happened_at < windows.landmark_at
    where items.is_counted_by_person
    group by windows.person_key, windows.entered_at, facts.item_key

),

factors_of_masks as (

    {%- for outcome in ['advanced', 'left'] %}
    {%- set counts = ['count(*)', 'cast(0 as bigint)'] if outcome == 'advanced' else ['cast(0 as bigint)', 'count(*)'] %}
    {%- set counts = counts[0] ~ ' as advanced_with, ' ~ counts[1] ~ ' as left_with' %}
    select
        items.fact_type as factor_type,
        items.item as factor,
        {{ each_mask('facts_of_masks.mask_#') }},
        facts_of_masks.advanced_with,
        facts_of_masks.left_with
    from (
        select
            item_key,
            {{ each_mask(outcome ~ '_# as mask_#') }},
            {{ counts }}
        from facts
        where {{ has_any_stage(name=outcome ~ '_') }}
        group by item_key, {{ each_mask(outcome ~ '_#') }}
    ) as facts_of_masks
    inner join {{ ref('int_journey_items') }} as items on facts_of_masks.item_key = items.item_key
    {%- for factor_type in ['customer_type', 'persona', 'entry_channel'] %}
    union all
    select
        '{{ factor_type }}' as factor_type,
        {{ factor_type }} as factor,
        {{ each_mask(outcome ~ '_# as mask_#') }},
        {{ counts }}
    from windows
    where {{ has_any_stage(name=outcome ~ '_') }}
    group by {{ factor_type }}, {{ each_mask(outcome ~ '_#') }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

evidence as (

    select distinct
        bit,
        evidence
    from {{ ref('int_stage_episodes') }}

),

{#
    Exclude events that open a later stage of the framework, because they are the outcome itself. Most persons with such an event advanced
    before the landmark and are not compared anyway. The others have the event and are still in the stage, because the later stage needs
    more than one event or a CRM override holds them back. With them, the event would look like a cause of advancing.
-#}
outcomes as (

    select distinct
        stages.stage_number,
        evidence.evidence as item
    from {{ ref('int_framework_stages') }} as stages
    inner join {{ ref('int_framework_stages') }} as later
        on stages.framework = later.framework
        and stages.rank < later.rank
    inner join evidence
        on (later.definitions & evidence.bit) <> 0

),

counted as (

    select
        stages.framework,
        stages.stage,
        stages.stage_number,
        factors_of_masks.factor_type,
        factors_of_masks.factor,
        cast(sum(factors_of_masks.advanced_with) as bigint) as advanced_with,
        cast(sum(factors_of_masks.left_with) as bigint) as left_with
    from factors_of_masks
    inner join {{ ref('int_framework_stages') }} as stages on {{ is_in_mask('factors_of_masks', 'stages') }}
    group by stages.framework, stages.stage, stages.stage_number, factors_of_masks.factor_type, factors_of_masks.factor

),

shares as (

    select
        counted.*,
        totals.advanced,
        totals.left_persons,
        cast(counted.advanced_with as double) / totals.advanced as share_of_advanced,
        cast(counted.left_with as double) / totals.left_persons as share_of_left,
        {{ pooled_z('counted.advanced_with', 'totals.advanced', 'counted.left_with', 'totals.left_persons') }} as z
    from counted
    inner join totals on counted.stage_number = totals.stage_number
    left join outcomes
        on counted.stage_number = outcomes.stage_number
        and counted.factor = outcomes.item
        and counted.factor_type in ('action', 'touchpoint')
    where
        totals.advanced > 0
        and totals.left_persons > 0
        and counted.advanced_with + counted.left_with >= {{ setting('driver_min_persons') }}
        and outcomes.item is null

),

compared as (

    select
        *,
        share_of_advanced - share_of_left as difference,
        {{ newcombe_bound('share_of_advanced', 'advanced', 'share_of_left', 'left_persons', '-') }} as difference_low,
        {{ newcombe_bound('share_of_advanced', 'advanced', 'share_of_left', 'left_persons', '+') }} as difference_high,
        {{ proportions_p_value('z', 'advanced_with', 'advanced', 'left_with', 'left_persons') }} as p_value
    from shares

),

stepped as (

    select
        *,
        {{ bh_step('p_value', 'framework', 'stage_number, factor_type, factor') }} as bh_step
    from compared

),

adjusted as (

    select
        *,
        {{ bh_q_value('bh_step', 'p_value', 'framework', 'stage_number, factor_type, factor') }} as q_value
    from stepped

)

select
    framework,
    stage,
    factor_type,
    factor,
    {{ label_columns(labels) }},
    advanced,
    advanced_with,
    left_persons,
    left_with,
    share_of_advanced,
    share_of_left,
    difference,
    difference_low,
    difference_high,
    p_value,
    q_value,
    coalesce(q_value <= 0.05, false) as is_significant
from {{ with_labels('adjusted', labels) }} as adjusted
{{ in_order_of('framework, stage_number, factor_type, factor') }}
