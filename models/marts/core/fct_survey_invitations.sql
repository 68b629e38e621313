with answers as (

    select distinct
        invitation_id,
        survey_type
    from {{ ref('fct_survey_responses') }}
    where invitation_id is not null

),

resolved as (

    select
        staged.*,
        {{ person_key_of(['contact_id', 'email']) }} as person_key
    from {{ shown_texts(
        accepted('feedback', 'survey_invitations'), 'feedback.survey_invitations', ['survey_type', 'survey_kind', 'touchpoint', 'channel']
    ) }} as staged
    {{ join_persons('staged', ['contact_id', 'email'], 'sent_at') }}

),

invitations as (

    select
        resolved.*,
        persons.person_id
    from resolved
    inner join {{ ref('int_persons') }} as persons on resolved.person_key = persons.person_key

)

select
    invitations.invitation_id,
    invitations.person_id,
    invitations.survey_type_shown as survey_type,
    coalesce(invitations.survey_kind_shown, 'unknown') as survey_kind,
    invitations.sent_at,
    {{ reporting_date('invitations.sent_at') }} as sent_date,
    coalesce(invitations.touchpoint_shown, 'unknown') as touchpoint,
    coalesce(invitations.channel_shown, 'unknown') as channel,
    {{ joined_labels('channel', "coalesce(invitations.channel_shown, 'unknown')") }},
    answers.invitation_id is not null as is_answered,
    coalesce(stages.stage, 'none') as stage_at_invitation,
    {{ joined_labels('stage_at_invitation', "coalesce(stages.stage, 'none')", ranked=true) }}
from invitations
left join answers on invitations.invitation_id = answers.invitation_id and invitations.survey_type = answers.survey_type
{{ join_stage_at('invitations', 'sent_at') }}
{{ join_labels('channel', "'channel'", "coalesce(invitations.channel_shown, 'unknown')") }}
{{ join_labels('stage_at_invitation', "'stage'", "coalesce(stages.stage, 'none')") }}
