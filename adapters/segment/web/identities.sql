-- One row per identifier of a browser: from each call that names browser and user, and from the traits of identify.
with named as (

    select
        anonymous_id,
        user_id as identifier_value,
        timestamp,
        case when contains(user_id, '@') then 'email' else 'contact_id' end as identifier_type
    from (
        select anonymous_id, user_id, timestamp from identifies
        union all
        select previous_id, user_id, timestamp from aliases
        union all
        select anonymous_id, user_id, timestamp from pages
        union all
        select anonymous_id, user_id, timestamp from tracks
        union all
        select anonymous_id, user_id, timestamp from product_events
        union all
        select anonymous_id, user_id, timestamp from order_events
    )
    -- leave out placeholders that a site sends when nobody is signed in: they would merge all visitors into one person
    where lower(trim(user_id)) not in ('', '0', '-1', 'null', 'none', 'undefined', 'nan', 'guest', 'anonymous')
    union all
    select
        anonymous_id,
        coalesce(nullif(email, ''), context_traits_email),
        timestamp,
        'email'
    from identifies
    union all
    select
        anonymous_id,
        coalesce(nullif(phone, ''), context_traits_phone),
        timestamp,
        'phone'
    from identifies

)

select
    anonymous_id,
    identifier_type,
    trim(identifier_value) as identifier_value,
    min(timestamp) as identified_at
from named
where nullif(trim(anonymous_id), '') is not null and nullif(trim(identifier_value), '') is not null and anonymous_id <> identifier_value
group by all
