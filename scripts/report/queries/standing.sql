-- the company's own framework at the last end of a month, beside that of the month before
with days as (
    select max(date_day) as last, last_day(max(date_day) - interval 1 month) as before
    from marts.fct_stage_population_daily
    where date_day = last_day(date_day)
)

select
    stages.label_en, stages.label_vi, stages.is_in_funnel,
    coalesce(sum(population.persons) filter (where population.date_day = days.last), 0) as persons,
    coalesce(sum(population.persons) filter (where population.date_day = days.before), 0) as persons_month_before
from marts.fct_stage_population_daily as population
cross join days
inner join marts.dim_framework_stages as stages using (framework, stage)
where
    population.is_known and stages.rank > 0 and population.date_day in (days.last, days.before)
    and population.framework = (select framework from marts.dim_frameworks where is_primary)
group by stages.label_en, stages.label_vi, stages.is_in_funnel, stages.rank
order by stages.is_in_funnel desc, stages.rank
