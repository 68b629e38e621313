with invitations as (

    select
        staged.*,
        {{ person_id_of(['contact_id', 'email']) }} as person_id
    from {{ accepted('feedback', 'survey_invitations') }} as staged
    {{ join_persons('staged', ['contact_id', 'email'], 'sent_at') }}

),

stages as (

    select * from {{ ref('fct_stage_entries') }}
    where framework = '{{ setting('primary_framework') }}'

)

select
    invitations.invitation_id,
    invitations.person_id,
    invitations.survey_type,
    coalesce(invitations.survey_kind, 'unknown') as survey_kind,
    invitations.sent_at,
    {{ reporting_date('invitations.sent_at') }} as sent_date,
    coalesce(invitations.touchpoint, 'unknown') as touchpoint,
    coalesce(invitations.channel, 'unknown') as channel,
    coalesce(stages.stage, 'none') as stage_at_invitation
from invitations
left join stages
    on invitations.person_id = stages.person_id
    and invitations.sent_at >= stages.entered_at
    and (invitations.sent_at < stages.exited_at or stages.exited_at is null)
