-- Every stage of a framework has a definition, and seeds name only stages that exist. A stage without one would stay empty without notice.
select
    stages.framework,
    stages.stage
from {{ ref('framework_stages') }} as stages
left join {{ ref('framework_stage_definitions') }} as definitions
    on stages.framework = definitions.framework
    and stages.stage = definitions.stage
where stages.stage <> 'none' and definitions.definition is null
union all
select
    definitions.framework,
    definitions.stage
from {{ ref('framework_stage_definitions') }} as definitions
left join {{ ref('framework_stages') }} as stages
    on definitions.framework = stages.framework
    and definitions.stage = stages.stage
where stages.stage is null
union all
select
    actions.framework,
    actions.stage
from {{ ref('journey_actions_planned') }} as actions
left join {{ ref('framework_stages') }} as stages
    on actions.framework = stages.framework
    and actions.stage = stages.stage
where stages.stage is null
