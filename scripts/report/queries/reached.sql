-- of all who entered the framework at any time, how many came as far as this stage or further
with furthest as (
    select entries.framework, entries.person_id, max(stages.rank) as rank
    from marts.fct_stage_entries as entries
    inner join marts.dim_framework_stages as stages using (framework, stage)
    where stages.is_in_funnel
    group by entries.framework, entries.person_id
),

furthest_ranks as (
    select framework, rank, count(*) as persons
    from furthest
    group by framework, rank
)

select
    stages.framework, stages.stage, stages.rank, stages.label_en, stages.label_vi,
    coalesce(sum(furthest_ranks.persons) filter (where furthest_ranks.rank >= stages.rank), 0) as reached,
    sum(furthest_ranks.persons) as persons,
    coalesce(sum(furthest_ranks.persons) filter (where furthest_ranks.rank >= stages.rank), 0) * 1.0
    / sum(furthest_ranks.persons) as share_reached
from marts.dim_framework_stages as stages
inner join furthest_ranks using (framework)
where stages.is_in_funnel
group by stages.framework, stages.stage, stages.rank, stages.label_en, stages.label_vi
order by stages.framework, stages.rank
