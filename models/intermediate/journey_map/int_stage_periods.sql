{%- set masks = mask_columns() -%}

{#
    spells: times in which a person's stages stay the same, from their first to their last month. A spell that ends at the very start of a
    month does not count in that month; one that still runs at as-of does, even if as-of is that moment, as in the marts by month
#}
with spells as (

    select
        masks.person_key,
        persons.segment_key,
        {{ month_of('masks.moved_date') }} as first_month,
        greatest(
            {{ month_of('masks.moved_date') }},
            coalesce(
                lead({{ last_month_of('masks.moved_at') }}) over (partition by masks.person_key order by masks.moved_at),
                {{ month_of(reporting_date(as_of())) }}
            )
        ) as last_month,
        {{ mask_columns('masks') }}
    from {{ ref('int_person_masks') }} as masks
    inner join {{ ref('int_journey_persons') }} as persons on masks.person_key = persons.person_key

),

spells_in_periods as (

    select 1 as months, person_key, segment_key, first_month as first_start, last_month as last_start, {{ masks }} from spells
    union all
    select
        3 as months,
        person_key,
        segment_key,
        {{ quarter_of('first_month') }} as first_start,
        {{ quarter_of('last_month') }} as last_start,
        {{ masks }}
    from spells

),

{#
    two spells of a person can overlap in a period only in the first or last period of a spell. The stages of these periods are merged
    here per person, so that a person counts once in a stage
#}
periods_of_persons as (

    select
        months,
        person_key,
        segment_key,
        period_start,
        {{ mask_unions() }}
    from (
        select months, person_key, segment_key, first_start as period_start, {{ masks }} from spells_in_periods
        union all
        select months, person_key, segment_key, last_start as period_start, {{ masks }} from spells_in_periods
        where last_start > first_start
    ) as ends_of_spells
    group by months, person_key, segment_key, period_start

),

changes as (

    select months, period_start, segment_key, {{ masks }}, 1 as change from periods_of_persons
    union all
    select months, {{ add_months('period_start', 'months') }} as period_start, segment_key, {{ masks }}, -1 as change
    from periods_of_persons
    union all
    select months, {{ add_months('first_start', 'months') }} as period_start, segment_key, {{ masks }}, 1 as change from spells_in_periods
    where last_start > first_start
    union all
    select months, last_start as period_start, segment_key, {{ masks }}, -1 as change from spells_in_periods
    where last_start > first_start

),

changes_of_masks as (

    select
        months,
        period_start,
        segment_key,
        {{ masks }},
        sum(change) as change
    from changes
    group by months, period_start, segment_key, {{ masks }}

),

ever as (

    select
        segment_key,
        {{ masks }},
        count(*) as persons
    from (
        select person_key, segment_key, {{ mask_unions() }} from spells
        group by person_key, segment_key
    ) as persons
    group by segment_key, {{ masks }}

),

stages as (

    select * from {{ ref('int_framework_stages') }}

),

segments as (

    select
        segment_key,
        cube_key
    from {{ ref('int_journey_segments') }}

),

changes_of_cells as (

    select
        changes_of_masks.months,
        changes_of_masks.period_start,
        stages.stage_number,
        segments.cube_key,
        sum(changes_of_masks.change) as change
    from changes_of_masks
    inner join stages on {{ is_in_mask('changes_of_masks', 'stages') }}
    inner join segments on changes_of_masks.segment_key = segments.segment_key
    group by changes_of_masks.months, changes_of_masks.period_start, stages.stage_number, segments.cube_key

),

spans as (

    select
        stage_number,
        cube_key,
        months,
        period_start,
        lead(period_start) over (partition by stage_number, cube_key, months order by period_start) as next_period_start,
        sum(change) over (
            partition by stage_number, cube_key, months
            order by period_start
            rows between unbounded preceding and current row
        ) as persons
    from changes_of_cells

),

period_starts as (

    select distinct
        1 as months,
        month_start as period_start,
        {{ period_number('month_start') }} as period
    from {{ ref('dim_dates') }}
    where month_start is not null
    union all
    select distinct
        3 as months,
        {{ quarter_of('month_start') }} as period_start,
        {{ quarter_number(period_number('month_start')) }} as period
    from {{ ref('dim_dates') }}
    where month_start is not null

),

present as (

    select
        period_starts.period,
        spans.stage_number,
        spans.cube_key,
        {{ is_mature_cohort('period_starts.period_start', 'period_starts.months') }} as is_mature,
        cast(spans.persons as bigint) as persons
    from spans
    inner join period_starts
        on spans.months = period_starts.months
        and period_starts.period_start >= spans.period_start
        and (period_starts.period_start < spans.next_period_start or spans.next_period_start is null)
    where spans.persons > 0
    union all
    select
        0 as period,
        stages.stage_number,
        segments.cube_key,
        true as is_mature,
        cast(sum(ever.persons) as bigint) as persons
    from ever
    inner join stages on {{ is_in_mask('ever', 'stages') }}
    inner join segments on ever.segment_key = segments.segment_key
    group by stages.stage_number, segments.cube_key

),

outcomes as (

    select
        *,
        {{ segment_key('customer_type', 'persona') }} as cube_key
    from {{ ref('int_stage_outcomes') }}

)

{#
    full join, because entries use the segment known at entry and persons the present one: a cell may have entries without persons, or the
    reverse
#}
select
    coalesce(present.period, outcomes.period) as period,
    coalesce(present.stage_number, outcomes.stage_number) as stage_number,
    coalesce(present.cube_key, outcomes.cube_key) as cube_key,
    coalesce(present.is_mature, outcomes.is_mature) as is_mature,
    coalesce(present.persons, 0) as persons,
    coalesce(outcomes.entered, 0) as entered,
    coalesce(outcomes.converted, 0) as converted,
    coalesce(outcomes.dropped, 0) as dropped,
    {# a quarter with an immature month has no rate, because a rate of its other months alone would not be that of the quarter #}
    case when outcomes.is_mature then outcomes.mature_entered else 0 end as mature_entered,
    case when outcomes.is_mature then outcomes.mature_converted else 0 end as mature_converted,
    case when outcomes.is_mature then {{ hours_of_wait('outcomes.median_wait') }} end as median_hours_to_next,
    outcomes.median_hours_in_stage
from present
full outer join outcomes
    on present.period = outcomes.period
    and present.stage_number = outcomes.stage_number
    and present.cube_key = outcomes.cube_key
