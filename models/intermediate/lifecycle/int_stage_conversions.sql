select
    episodes.person_key,
    types.conversion_type,
    min(episodes.entered_at) as converted_at
from {{ ref('int_stage_episodes') }} as episodes
inner join {{ ref('conversion_types') }} as types on episodes.definition = types.stage_definition
where types.counts_crm_changes or not episodes.is_override
group by episodes.person_key, types.conversion_type
