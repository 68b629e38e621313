with referrals as (

    select * from {{ shown_texts(accepted('crm', 'referrals'), 'crm.referrals', ['status']) }} as referrals

),

{# without those of colleagues, and of persons who named themselves #}
referrers as (

    select
        source_id as referral_id,
        person_key
    from {{ ref('int_person_events') }}
    where event_type = 'referral'

),

invited as (

    select
        referral_id,
        status_shown,
        referred_at,
        referred_contact_id as contact_id,
        referred_email as email
    from referrals

),

referred as (

    select
        invited.referral_id,
        invited.status_shown,
        invited.referred_at,
        {{ person_key_of(['contact_id', 'email']) }} as referred_person_key
    from invited
    {{ join_persons('invited', ['contact_id', 'email'], 'referred_at') }}

),

won as (

    select
        referred.referral_id,
        persons.customer_since as converted_at
    from referred
    inner join referrers on referred.referral_id = referrers.referral_id
    inner join {{ ref('int_persons') }} as named on referred.referred_person_key = named.person_key
    inner join {{ ref('dim_persons') }} as persons on named.person_id = persons.person_id
    where
        referred.referred_person_key <> 0
        and referred.referred_person_key <> referrers.person_key
        and referred.referred_at <= persons.customer_since
    {# a person becomes a customer once: of several referrals the last one gets the credit #}
    qualify row_number() over (
        partition by referred.referred_person_key
        order by referred.referred_at desc, referred.referral_id
    ) = 1

)

select
    referred.referral_id,
    referring_persons.person_id,
    referred_persons.person_id as referred_person_id,
    coalesce(referred.status_shown, 'unknown') as referral_status,
    {{ joined_labels('referral_status', "coalesce(referred.status_shown, 'unknown')", ranked=true) }},
    referred.referred_at,
    {{ reporting_date('referred.referred_at') }} as referred_date,
    won.converted_at,
    coalesce(won.converted_at <= {{ add_days('referred.referred_at', setting('referral_window_days')) }}, false) as is_converted
from referred
inner join referrers on referred.referral_id = referrers.referral_id
inner join {{ ref('int_persons') }} as referring_persons on referrers.person_key = referring_persons.person_key
inner join {{ ref('int_persons') }} as referred_persons on referred.referred_person_key = referred_persons.person_key
left join won on referred.referral_id = won.referral_id
{{ join_labels('referral_status', "'referral_status'", "coalesce(referred.status_shown, 'unknown')") }}
