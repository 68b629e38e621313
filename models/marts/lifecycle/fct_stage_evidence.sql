select
    persons.person_id,
    episodes.definition as stage,
    episodes.entered_at,
    episodes.left_at,
    episodes.evidence,
    episodes.is_override,
    {{ joined_labels('stage', 'episodes.definition') }},
    definitions.definition_version
from {{ ref('int_stage_episodes') }} as episodes
inner join {{ ref('int_stage_definitions') }} as definitions on episodes.definition = definitions.definition
inner join {{ ref('int_persons') }} as persons on episodes.person_key = persons.person_key
{{ join_labels('stage', "'stage_definition'", 'episodes.definition') }}
{{ in_order_of('persons.person_id, episodes.entered_at') }}
