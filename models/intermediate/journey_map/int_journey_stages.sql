select
    cast(row_number() over (order by framework, rank) as integer) as stage_number,
    framework,
    stage
from {{ ref('framework_stages') }}
