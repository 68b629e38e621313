with overrides_of_frameworks as (

    select
        stages.framework,
        cast(bit_or(case when definitions.can_override then definitions.bit else cast(0 as bigint) end) as bigint) as overrides
    from {{ ref('int_framework_stages') }} as stages
    inner join {{ ref('framework_stage_definitions') }} as mapping
        on stages.framework = mapping.framework
        and stages.stage = mapping.stage
    inner join {{ ref('int_stage_definitions') }} as definitions on mapping.definition = definitions.definition
    group by stages.framework

),

overrides_of_persons as (

    select distinct overrides
    from {{ ref('int_person_overrides') }}

)

select
    persons.overrides,
    frameworks.framework,
    persons.overrides & frameworks.overrides as scope
from overrides_of_persons as persons
cross join overrides_of_frameworks as frameworks
