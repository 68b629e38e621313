with states as (
    select
        member.list_id || '-' || member.id as member_id,
        member.email_address as email,
        coalesce(getvariable('purpose'), list.name, member.list_id) as purpose,
        lower(member.status) as status,
        utc_time(coalesce(filled(member.timestamp_opt), member.last_changed)) as granted_at,
        utc_time(coalesce(left_list.timestamp, member.last_changed)) as withdrawn_at
    from member
    left join list on member.list_id = list.id
    left join (
        select list_id, member_id, max(timestamp) as timestamp
        from unsubscribe
        group by list_id, member_id
    ) as left_list on member.list_id = left_list.list_id and member.id = left_list.member_id

    union all by name

    select
        "EUID" as member_id,
        "Email Address" as email,
        coalesce(getvariable('purpose'), 'email_marketing') as purpose,
        -- without UNSUB_TIME, only the file name says whether the people of a file are subscribed
        case
            when filled("UNSUB_TIME") is not null or regexp_matches(_file, '(^|/)unsubscribed[^/]*$') then 'unsubscribed'
            when regexp_matches(_file, '(^|/)(cleaned|nonsubscribed)[^/]*$') then 'none'
            else 'subscribed'
        end as status,
        local_time(coalesce(filled("CONFIRM_TIME"), filled("OPTIN_TIME"), "LAST_CHANGED"), 'Mailchimp''s CSV') as granted_at,
        local_time(coalesce(filled("UNSUB_TIME"), "LAST_CHANGED"), 'Mailchimp''s CSV') as withdrawn_at
    from audience_export
)

select
    member_id || '-granted' as consent_id,
    'email' as identifier_type,
    email as identifier_value,
    purpose,
    'granted' as status,
    granted_at as changed_at
from states
-- unsubscribed members had subscribed before; cleaned, pending, transactional and archived ones neither gave nor withdrew consent
where status in ('subscribed', 'unsubscribed')

union all

select
    member_id || '-withdrawn' as consent_id,
    'email' as identifier_type,
    email as identifier_value,
    purpose,
    'withdrawn' as status,
    withdrawn_at as changed_at
from states
where status = 'unsubscribed'
