with answers as (

    {{ survey_answers('nps') }}

),

monthly_answers as (

    {{ latest_answers('answers') }}

),

answer_pairs as (

    select
        month_start,
        survey_kind,
        nps_group as to_group,
        coalesce(lag(nps_group) over (partition by person_id, survey_kind order by month_start), 'none') as from_group
    from monthly_answers
    where person_id <> 'unknown'

),

counted as (

    select
        month_start,
        survey_kind,
        from_group,
        to_group,
        count(*) as persons
    from answer_pairs
    group by all

)

select
    month_start,
    survey_kind,
    from_group,
    to_group,
    case
        when from_group = 'none' then 'first'
        when from_group = to_group then 'unchanged'
        when from_group = 'detractor' or to_group = 'promoter' then 'improved'
        else 'worsened'
    end as movement,
    persons
from counted
