-- at the end of each month, and on the last day
select
    population.framework, population.date_day, population.stage, stages.rank, stages.label_en, stages.label_vi,
    sum(population.persons) as persons
from marts.fct_stage_population_daily as population
inner join marts.dim_framework_stages as stages using (framework, stage)
where
    population.is_known and stages.rank > 0
    and (
        population.date_day = last_day(population.date_day)
        or population.date_day = (select max(date_day) from marts.fct_stage_population_daily)
    )
group by all
order by population.framework, population.date_day, stages.rank
