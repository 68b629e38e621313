-- Recounts moves between NPS groups from each person's answers in order. A promoter who stays one has not improved.
with answers as (

    select
        person_id,
        survey_kind,
        {{ month_of('responded_date') }} as month_start,
        nps_group
    from {{ ref('fct_survey_responses') }}
    where survey_type = 'nps' and person_id <> 'unknown' and is_latest_of_month

),

{# month of the previous answer #}
befores as (

    select
        answers.person_id,
        answers.survey_kind,
        answers.month_start,
        max(earlier.month_start) as month_before
    from answers
    inner join answers as earlier
        on answers.person_id = earlier.person_id
        and answers.survey_kind = earlier.survey_kind
        and answers.month_start > earlier.month_start
    group by answers.person_id, answers.survey_kind, answers.month_start

),

steps as (

    select
        answers.month_start,
        answers.survey_kind,
        case answers.nps_group when 'promoter' then 1 when 'detractor' then -1 else 0 end as group_now,
        case earlier.nps_group when 'promoter' then 1 when 'passive' then 0 when 'detractor' then -1 end as group_before
    from answers
    left join befores
        on answers.person_id = befores.person_id
        and answers.survey_kind = befores.survey_kind
        and answers.month_start = befores.month_start
    left join answers as earlier
        on befores.person_id = earlier.person_id
        and befores.survey_kind = earlier.survey_kind
        and befores.month_before = earlier.month_start

),

counted as (

    select
        month_start,
        survey_kind,
        count(*) filter (where group_before is null) as begun,
        count(*) filter (where group_now = group_before) as unchanged,
        count(*) filter (where group_now > group_before) as improved,
        count(*) filter (where group_now < group_before) as worsened
    from steps
    group by month_start, survey_kind

),

published as (

    select
        {%- for movement in ['unchanged', 'improved', 'worsened'] %}
        coalesce(sum(case when movement = '{{ movement }}' then persons end), 0) as {{ movement }},
        {%- endfor %}
        month_start,
        survey_kind,
        coalesce(sum(case when movement = 'first' then persons end), 0) as begun
    from {{ ref('kpi_nps_movements') }}
    group by month_start, survey_kind

)

select concat_ws(' ', cast(coalesce(published.month_start, counted.month_start) as string), counted.survey_kind) as problem
from published
full outer join counted
    on published.month_start = counted.month_start
    and published.survey_kind = counted.survey_kind
where
    published.begun is distinct from counted.begun
    or published.unchanged is distinct from counted.unchanged
    or published.improved is distinct from counted.improved
    or published.worsened is distinct from counted.worsened
