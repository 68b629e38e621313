with signals as (

    select
        person_key,
        ended_at as occurred_at,
        case when search_count > 0 then 'site_search' else 'products_viewed' end as evidence
    from {{ ref('int_session_persons') }}
    where (search_count > 0 or product_view_count >= 2) and is_human
    union all
    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where
        event_type in ('social_message', 'visit_hotline')
        or (event_type in ('call', 'chat') and coalesce(direction, 'inbound') = 'inbound')

)

{{ episodes('signals', days=setting('interest_days')) }}
