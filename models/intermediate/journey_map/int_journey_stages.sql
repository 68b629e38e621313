select
    cast(row_number() over (order by framework, rank) as integer) as stage_number,
    framework,
    stage,
    {# after the last stage there is nothing to convert to #}
    rank < max(rank) over (partition by framework) as has_later_stage
from {{ ref('framework_stages') }}
