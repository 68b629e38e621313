select
    episodes.person_key,
    cast(bit_or(case when episodes.is_override then definitions.bit else cast(0 as bigint) end) as bigint) as overrides
from {{ ref('int_stage_episodes') }} as episodes
inner join {{ ref('int_stage_definitions') }} as definitions on episodes.definition = definitions.definition
group by episodes.person_key
