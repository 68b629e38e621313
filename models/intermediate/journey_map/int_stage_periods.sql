{%- set masks = mask_columns() -%}

{# how long a person's stages stayed the same, in months; what ends as a month begins was not there in it any more #}
with spells as (

    select
        masks.person_key,
        persons.segment_key,
        {{ month_of('masks.moved_date') }} as first_month,
        greatest(
            {{ month_of('masks.moved_date') }},
            coalesce(
                lead({{ last_month_of('masks.moved_at') }}) over (partition by masks.person_key order by masks.moved_at),
                {{ last_month_of(as_of()) }}
            )
        ) as last_month,
        {{ mask_columns('masks') }}
    from {{ ref('int_person_masks') }} as masks
    inner join {{ ref('int_journey_persons') }} as persons on masks.person_key = persons.person_key

),

{# only in its first and its last month may a spell meet another one of the same person, and a stage be in both #}
months_of_persons as (

    select
        person_key,
        segment_key,
        month_start,
        {{ mask_unions() }}
    from (
        select person_key, segment_key, first_month as month_start, {{ masks }} from spells
        union all
        select person_key, segment_key, last_month as month_start, {{ masks }} from spells
        where last_month > first_month
    ) as ends_of_spells
    group by person_key, segment_key, month_start

),

changes as (

    select month_start, segment_key, {{ masks }}, 1 as change from months_of_persons
    union all
    select {{ add_months('month_start', 1) }} as month_start, segment_key, {{ masks }}, -1 as change from months_of_persons
    union all
    select {{ add_months('first_month', 1) }} as month_start, segment_key, {{ masks }}, 1 as change from spells
    where last_month > first_month
    union all
    select last_month as month_start, segment_key, {{ masks }}, -1 as change from spells
    where last_month > first_month

),

changes_of_masks as (

    select
        month_start,
        segment_key,
        {{ masks }},
        sum(change) as change
    from changes
    group by month_start, segment_key, {{ masks }}

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

monthly_changes as (

    select
        changes_of_masks.month_start,
        stages.stage_number,
        segments.cube_key,
        sum(changes_of_masks.change) as change
    from changes_of_masks
    inner join stages on {{ is_in_mask('changes_of_masks', 'stages') }}
    inner join segments on changes_of_masks.segment_key = segments.segment_key
    group by changes_of_masks.month_start, stages.stage_number, segments.cube_key

),

spans as (

    select
        stage_number,
        cube_key,
        month_start,
        lead(month_start) over (partition by stage_number, cube_key order by month_start) as next_month_start,
        sum(change) over (
            partition by stage_number, cube_key
            order by month_start
            rows between unbounded preceding and current row
        ) as persons
    from monthly_changes

),

months as (

    select distinct month_start
    from {{ ref('dim_dates') }}
    where month_start is not null

),

present as (

    select
        {{ period_number('months.month_start') }} as period,
        spans.stage_number,
        spans.cube_key,
        {{ is_mature_cohort('months.month_start') }} as is_mature,
        cast(spans.persons as bigint) as persons
    from spans
    inner join months
        on months.month_start >= spans.month_start
        and (months.month_start < spans.next_month_start or spans.next_month_start is null)
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

cohorts as (

    select
        *,
        {{ wait_of(microseconds_between('entered_at', 'converted_at')) }} as wait,
        {{ is_mature_cohort('entered_month') }} as is_mature
    from {{ ref('int_stage_cohorts') }}

),

outcomes as (

    select
        case when grouping(cohorts.entered_month) = 1 then 0 else {{ period_number('cohorts.entered_month') }} end as period,
        cohorts.stage_number,
        segments.cube_key,
        bool_and(cohorts.is_mature) or grouping(cohorts.entered_month) = 1 as is_mature,
        count(*) as entered,
        count(*) filter (where cohorts.is_converted) as converted,
        count(*) filter (where cohorts.is_dropped) as dropped,
        count(*) filter (where cohorts.is_mature) as mature_entered,
        count(*) filter (where cohorts.is_mature and cohorts.is_converted) as mature_converted,
        percentile_disc(0.5) within group (order by case when cohorts.is_mature then cohorts.wait end) as median_wait,
        {# of whole numbers: between two doubles the engines interpolate differently in the last bit #}
        median({{ microseconds_between('cohorts.entered_at', 'cohorts.exited_at') }}) / cast(3600000000 as double) as median_hours_in_stage
    from cohorts
    inner join segments on cohorts.segment_key = segments.segment_key
    group by cohorts.stage_number, segments.cube_key, cube(cohorts.entered_month)

)

{# who entered counts by what was known then, who is there by what is known now: a cell may have the ones without the others #}
select
    coalesce(present.period, outcomes.period) as period,
    coalesce(present.stage_number, outcomes.stage_number) as stage_number,
    coalesce(present.cube_key, outcomes.cube_key) as cube_key,
    coalesce(present.is_mature, outcomes.is_mature) as is_mature,
    coalesce(present.persons, 0) as persons,
    coalesce(outcomes.entered, 0) as entered,
    coalesce(outcomes.converted, 0) as converted,
    coalesce(outcomes.dropped, 0) as dropped,
    coalesce(outcomes.mature_entered, 0) as mature_entered,
    coalesce(outcomes.mature_converted, 0) as mature_converted,
    {{ hours_of_wait('outcomes.median_wait') }} as median_hours_to_next,
    outcomes.median_hours_in_stage
from present
full outer join outcomes
    on present.period = outcomes.period
    and present.stage_number = outcomes.stage_number
    and present.cube_key = outcomes.cube_key
