-- known persons who stand in a stage of the company's own framework
select last_day(population.date_day) as moment, sum(population.persons) as value
from marts.fct_stage_population_daily as population
inner join marts.dim_frameworks as frameworks using (framework)
inner join marts.dim_framework_stages as stages using (framework, stage)
where
    frameworks.is_primary and stages.is_in_funnel and population.is_known
    and population.date_day = last_day(population.date_day)
group by population.date_day
order by moment
