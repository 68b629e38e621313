with referrals as (

    select
        referrals.*,
        referrals.referrer_contact_id as contact_id
    from {{ accepted('crm', 'referrals') }} as referrals

),

referrers as (

    select
        referrals.referral_id,
        {{ person_id_of(['contact_id']) }} as person_id
    from referrals
    {{ join_persons('referrals', ['contact_id'], 'referred_at') }}

),

invited as (

    select
        referral_id,
        status,
        referred_at,
        referred_contact_id as contact_id,
        referred_email as email
    from referrals

),

referred as (

    select
        invited.referral_id,
        invited.status,
        invited.referred_at,
        {{ person_id_of(['contact_id', 'email']) }} as referred_person_id
    from invited
    {{ join_persons('invited', ['contact_id', 'email'], 'referred_at') }}

),

won as (

    select
        referred.referral_id,
        persons.customer_since as converted_at
    from referred
    inner join referrers on referred.referral_id = referrers.referral_id
    inner join {{ ref('dim_persons') }} as persons on referred.referred_person_id = persons.person_id
    where
        referred.referred_person_id <> 'unknown'
        and referred.referred_person_id <> referrers.person_id
        and referred.referred_at <= persons.customer_since
    {# whoever was asked by several came once: the last who asked brought them #}
    qualify row_number() over (
        partition by referred.referred_person_id
        order by referred.referred_at desc, referred.referral_id
    ) = 1

)

select
    referred.referral_id,
    referrers.person_id,
    referred.referred_person_id,
    coalesce(referred.status, 'unknown') as referral_status,
    referred.referred_at,
    {{ reporting_date('referred.referred_at') }} as referred_date,
    won.converted_at,
    coalesce(won.converted_at <= {{ add_days('referred.referred_at', setting('referral_window_days')) }}, false) as is_converted
from referred
inner join referrers on referred.referral_id = referrers.referral_id
left join won on referred.referral_id = won.referral_id
