with quotes as (

    select * from {{ shown_texts(accepted('crm', 'quotes'), 'crm.quotes', ['status']) }} as quotes

),

source_events as (

    select
        events.*,
        persons.person_id,
        {{ keyed_hash(["'touchpoint'", 'events.source_table', 'events.source_id', 'events.event_type']) }} as touchpoint_id
    from {{ ref('int_person_events') }} as events
    inner join {{ ref('int_persons') }} as persons on events.person_key = persons.person_key
    where events.event_type = 'quote'

)

select
    quotes.quote_id,
    source_events.person_id,
    coalesce(quotes.company_id, persons.company_id, 'unknown') as company_id,
    {{ kept_id('kept_deals', 'quotes.deal_id') }} as deal_id,
    touchpoints.touchpoint_id,
    coalesce(quotes.status_shown, 'unknown') as status,
    {{ joined_labels('status', "coalesce(quotes.status_shown, 'unknown')", ranked=true) }},
    case
        when quotes.status = 'accepted' then true
        when quotes.status in ('declined', 'rejected', 'expired') then false
    end as is_accepted,
    source_events.amount,
    quotes.quoted_at,
    {{ reporting_date('quotes.quoted_at') }} as quoted_date
from quotes
inner join source_events on quotes.quote_id = source_events.source_id
{{ join_kept('kept_deals', 'crm.deals', 'quotes.deal_id') }}
left join {{ ref('int_touchpoints') }} as touchpoints on source_events.touchpoint_id = touchpoints.touchpoint_id
left join {{ ref('dim_persons') }} as persons on source_events.person_id = persons.person_id
{{ join_labels('status', "'quote_status'", "coalesce(quotes.status_shown, 'unknown')") }}
