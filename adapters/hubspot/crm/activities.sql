with forms as (
    select
        contact_form_submission.contact_id || '-' || contact_form_submission.conversion_id as activity_id,
        contact_form_submission.contact_id,
        lower(concat_ws(' ', form.name, contact_form_submission.title)) as title,
        coalesce(filled(form.name), contact_form_submission.title) as campaign,
        utc_time(contact_form_submission.timestamp) as occurred_at
    from contact_form_submission
    left join form on contact_form_submission.form_id = form.guid
)

select
    activity_id,
    contact_id,
    -- the purpose of a form is only in its name
    case
        when regexp_matches(title, 'newsletter|subscri|bản tin') then 'newsletter_signup'
        when regexp_matches(title, 'free trial|dùng thử') then 'free_trial_signup'
        when regexp_matches(title, 'demo') then 'demo_request'
        when regexp_matches(title, 'quote|pricing|báo giá') then 'quote_request'
        when regexp_matches(title, 'consult|tư vấn') then 'consultation_request'
        when regexp_matches(title, 'download|e-?book|guide|whitepaper|tải') then 'content_download'
        else 'form_submission'
    end as activity_type,
    'inbound' as direction,
    occurred_at,
    campaign,
    null as outcome,
    null as is_deleted
from forms

union all by name

select
    engagement_call.engagement_id || '-' || engagement_contact.contact_id as activity_id,
    engagement_contact.contact_id,
    'call' as activity_type,
    lower(engagement_call.property_hs_call_direction) as direction,
    utc_time(coalesce(filled(engagement_call.property_hs_timestamp), engagement_call.property_hs_createdate)) as occurred_at,
    null as campaign,
    coalesce(call_disposition.ours, engagement_call.property_hs_call_disposition) as outcome,
    engagement_call._fivetran_deleted as is_deleted
from engagement_call
-- leave out calls and meetings without a contact
inner join engagement_contact on engagement_call.engagement_id = engagement_contact.engagement_id
left join call_disposition on lower(engagement_call.property_hs_call_disposition) = call_disposition.theirs

union all by name

select
    engagement_meeting.engagement_id || '-' || engagement_contact.contact_id as activity_id,
    engagement_contact.contact_id,
    'meeting' as activity_type,
    null as direction,
    -- the time of the meeting, not of its booking
    utc_time(coalesce(filled(engagement_meeting.property_hs_meeting_start_time), engagement_meeting.start_time)) as occurred_at,
    null as campaign,
    lower(coalesce(filled(engagement_meeting.property_hs_meeting_outcome), engagement_meeting.meeting_outcome)) as outcome,
    engagement_meeting._fivetran_deleted as is_deleted
from engagement_meeting
inner join engagement_contact on engagement_meeting.engagement_id = engagement_contact.engagement_id
