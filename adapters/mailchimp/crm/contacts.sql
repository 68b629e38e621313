select
    "EUID" as contact_id,
    "Email Address" as email,
    "Phone Number" as phone,
    filled(concat_ws(' ', filled("First Name"), filled("Last Name"))) as full_name,
    "CC" as country,
    -- imported members have no opt-in time: the last change is the earliest known time
    local_time(coalesce(filled("OPTIN_TIME"), filled("CONFIRM_TIME"), "LAST_CHANGED"), 'Mailchimp''s CSV') as created_at,
    local_time("LAST_CHANGED", 'Mailchimp''s CSV') as updated_at
from audience_export

union all by name

(
    -- an e-mail in two audiences is one contact, created when it joined the first
    select
        unique_email_id as contact_id,
        email_address as email,
        null as phone,
        filled(concat_ws(' ', filled(merge_fname), filled(merge_lname))) as full_name,
        country_code as country,
        utc_time(min(coalesce(filled(timestamp_signup), filled(timestamp_opt), last_changed)) over (partition by unique_email_id)) as created_at,
        utc_time(last_changed) as updated_at
    from member
    qualify row_number() over (partition by unique_email_id order by last_changed desc, list_id) = 1
)
