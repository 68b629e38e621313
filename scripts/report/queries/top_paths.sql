with steps as (
    select
        paths.conversion_type, paths.rank, unnest(string_split(paths.path, ' > ')) as channel,
        generate_subscripts(string_split(paths.path, ' > '), 1) as place
    from marts.attribution_paths as paths
    where paths.rank <= 15 and paths.conversions >= 5
),

labels as (
    select
        steps.conversion_type, steps.rank, string_agg(coalesce(channels.label_en, case steps.channel when '(no touch)' then 'No touch' else steps.channel end), ' → ' order by steps.place) as path_en,
        string_agg(coalesce(channels.label_vi, case steps.channel when '(no touch)' then 'Không có điểm chạm' else steps.channel end), ' → ' order by steps.place) as path_vi
    from steps
    left join marts.dim_channels as channels on steps.channel = channels.channel
    group by steps.conversion_type, steps.rank
)

select
    paths.conversion_type, paths.rank, labels.path_en, labels.path_vi, paths.length, paths.conversions, paths.share, paths.revenue,
    paths.median_days
from marts.attribution_paths as paths
inner join labels using (conversion_type, rank)
order by paths.conversion_type, paths.rank
