with persons as (

    select * from {{ ref('int_journey_persons') }}

),

stages as (

    select * from {{ ref('int_journey_stages') }}

),

facts as (

    select
        persons.person_number,
        facts.happened_at,
        {{ period_of(reporting_date('facts.happened_at')) }} as month,
        facts.fact_type,
        facts.item,
        facts.first_number,
        facts.second_number
    from {{ ref('int_journey_facts') }} as facts
    inner join persons on facts.person_id = persons.person_id

),

entries as (

    select
        stages.stage_number,
        persons.person_number,
        entries.entered_at,
        coalesce(entries.exited_at, timestamp '9999-12-31 00:00:00') as exited_at
    from {{ ref('fct_stage_entries') }} as entries
    inner join stages
        on entries.framework = stages.framework
        and entries.stage = stages.stage
    inner join persons on entries.person_id = persons.person_id

),

placed as (

    select
        entries.stage_number,
        facts.person_number,
        facts.month,
        facts.fact_type,
        facts.item,
        facts.first_number,
        facts.second_number
    from facts
    inner join entries
        on facts.person_number = entries.person_number
        and facts.happened_at >= entries.entered_at
        and facts.happened_at < entries.exited_at

),

{#
    What those touched last who then fell back; many frameworks share a moment, so it is looked up once. Mail that only arrived was not
    touched.
#}
departures as (

    select
        stages.stage_number,
        {{ key_of('transitions.person_id') }} as person_key,
        transitions.transitioned_at
    from {{ ref('fct_stage_transitions') }} as transitions
    inner join stages
        on transitions.framework = stages.framework
        and transitions.from_stage = stages.stage
    where transitions.direction = 'backward'

),

moments as (

    select distinct
        person_key,
        transitioned_at
    from departures

),

last_touches as (

    {{ last_touches('moments', 'transitioned_at', '<', "touchpoints.touchpoint_type not in ('email_sent', 'email_delivered')") }}

),

left_after as (

    select
        departures.stage_number,
        persons.person_number,
        {{ period_of(last_month_of('departures.transitioned_at')) }} as month,
        'pain_point' as fact_type,
        'left_after: ' || last_touches.touchpoint_type as item,
        cast(1 as decimal(28, 12)) as first_number,
        cast(0 as decimal(28, 12)) as second_number
    from departures
    inner join last_touches
        on departures.person_key = last_touches.person_key
        and departures.transitioned_at = last_touches.transitioned_at
    inner join persons on departures.person_key = {{ key_of('persons.person_id') }}

),

stage_facts as (

    select * from placed
    union all
    select * from left_after

),

monthly as (

    select
        month as period,
        stage_number,
        person_number,
        fact_type,
        item,
        sum(first_number) as first_number,
        sum(second_number) as second_number
    from stage_facts
    group by month, stage_number, person_number, fact_type, item

),

overall as (

    select
        'all' as period,
        stage_number,
        person_number,
        fact_type,
        item,
        sum(first_number) as first_number,
        sum(second_number) as second_number
    from monthly
    group by stage_number, person_number, fact_type, item

)

select * from monthly
union all
select * from overall
