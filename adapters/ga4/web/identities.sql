-- One row per browser of a signed-in user: user_id, which the site sets, must be the customer id of the CRM or the shop.
select
    user_pseudo_id as anonymous_id,
    case when contains(user_id, '@') then 'email' else 'contact_id' end as identifier_type,
    trim(user_id) as identifier_value,
    min(epoch_time(event_timestamp)) as identified_at
from events
where
    nullif(trim(user_pseudo_id), '') is not null
    -- leave out placeholders that a site writes when nobody is signed in: they would merge all visitors into one person
    and lower(trim(user_id)) not in ('', '0', '-1', 'null', 'none', 'undefined', 'nan', 'false', 'guest', 'anonymous', '(not set)', 'not set', '[object object]')
group by all
