with states as (
    select
        id as contact_id,
        email,
        as_json(email_marketing_consent) ->> '$.state' as state,
        coalesce(as_json(email_marketing_consent) ->> '$.consent_updated_at', created_at) as changed_at
    from customers_json

    union all by name

    select
        id as contact_id,
        email,
        email_marketing_consent_state as state,
        utc_time(coalesce(filled(email_marketing_consent_consent_updated_at), filled(email_marketing_consent_updated_at), created_at)) as changed_at
    from customer
)

select
    'email-' || states.contact_id as consent_id,
    'email' as identifier_type,
    states.email as identifier_value,
    'email_marketing' as purpose,
    consent.ours as status,
    states.changed_at,
    states.changed_at as updated_at
from states
-- customers who never subscribed, have not confirmed yet, or have an invalid or redacted address have neither given nor withdrawn consent
inner join email_consent as consent on lower(states.state) = consent.theirs
where filled(states.email) is not null
