with steps as (
    select
        paths.framework, paths.rank, unnest(string_split(paths.path, ' > ')) as stage,
        generate_subscripts(string_split(paths.path, ' > '), 1) as place
    from marts.journey_paths as paths
    where paths.rank <= 15 and paths.persons >= 5
),

labels as (
    select
        steps.framework, steps.rank, string_agg(coalesce(stages.label_en, case steps.stage when '(direct)' then 'Straight to the goal' else steps.stage end), ' → ' order by steps.place) as path_en,
        string_agg(coalesce(stages.label_vi, case steps.stage when '(direct)' then 'Đến thẳng mục tiêu' else steps.stage end), ' → ' order by steps.place) as path_vi
    from steps
    left join marts.dim_framework_stages as stages on steps.framework = stages.framework and steps.stage = stages.stage
    group by steps.framework, steps.rank
)

select
    paths.framework, paths.rank, labels.path_en, labels.path_vi, paths.stage_count, paths.persons, paths.advanced, paths.left_persons,
    paths.in_progress, paths.conversion_rate, paths.share_of_advanced, paths.share_of_left, paths.median_days
from marts.journey_paths as paths
inner join labels using (framework, rank)
order by paths.framework, paths.rank
