-- Invariant 7: promoters, passives and detractors add up to responses, and everybody who answered in a month has exactly one movement.
with movements as (

    select
        month_start,
        survey_kind,
        sum(persons) as persons
    from {{ ref('kpi_nps_movements') }}
    group by month_start, survey_kind

),

answers as (

    select
        {{ month_of('responded_date') }} as month_start,
        survey_kind,
        count(distinct person_id) as persons
    from {{ ref('fct_survey_responses') }}
    where survey_type = 'nps' and person_id <> 'unknown'
    group by {{ month_of('responded_date') }}, survey_kind

)

select concat_ws(' ', cast(month_start as string), dimension, dimension_value) as problem
from {{ ref('kpi_nps') }}
where promoters + passives + detractors <> responses
union all
select coalesce(movements.survey_kind, answers.survey_kind) as problem
from movements
full outer join answers
    on movements.month_start = answers.month_start
    and movements.survey_kind = answers.survey_kind
where movements.persons is distinct from answers.persons
