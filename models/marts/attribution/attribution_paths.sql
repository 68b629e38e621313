with paths as (

    select * from {{ ref('int_paths') }}

),

sequences as (

    select
        conversion_number,
        min(conversion_id) as conversion_id,
        min(path_length) as path_length,
        min(touched_at) as first_touched_at,
        max(converted_at) as converted_at,
        {{ text_list('case when touch_number <= 10 then channel end', order_by='touch_number', separator=' > ') }} as path
    from paths
    group by conversion_number

),

conversions as (

    select
        conversions.conversion_type,
        conversions.revenue,
        coalesce(case when sequences.path_length > 10 then sequences.path || ' > …' else sequences.path end, '(no touch)') as path,
        coalesce(sequences.path_length, 0) as path_length,
        {{ microseconds_between('sequences.first_touched_at', 'sequences.converted_at') }} as microseconds
    from {{ ref('fct_conversions') }} as conversions
    left join sequences on conversions.conversion_id = sequences.conversion_id

),

counted as (

    select
        conversion_type,
        path,
        count(*) as conversions,
        cast(sum(revenue) as decimal(28, 4)) as revenue,
        cast(min(path_length) as bigint) as length,
        median(microseconds) / cast(86400000000 as double) as median_days
    from conversions
    group by conversion_type, path

),

ranked as (

    select
        *,
        cast(conversions as double) / sum(conversions) over (partition by conversion_type) as share,
        cast(row_number() over (partition by conversion_type order by conversions desc, revenue desc, path) as integer) as path_rank
    from counted

)

select
    conversion_type,
    path,
    path_rank as rank,
    length,
    conversions,
    share,
    revenue,
    median_days
from ranked
where path_rank <= {{ setting('attribution_paths') }}
