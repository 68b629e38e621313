-- A stage beyond the last mask would be missing from the journey map: set `stage_masks` in dbt_project.yml to one more.
select
    framework,
    stage
from {{ ref('int_framework_stages') }}
where mask_number >= {{ var('stage_masks') }}
