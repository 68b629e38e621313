{# aggregated several times, so customer type and persona are looked up here once #}
select
    first_entries.person_key,
    first_entries.stage_number,
    moments.segment_key,
    moments.customer_type,
    moments.persona,
    first_entries.channel,
    first_entries.entered_at,
    {{ month_of('first_entries.entered_date') }} as entered_month,
    first_entries.exited_at,
    first_entries.converted_at,
    first_entries.outcome = 'converted' as is_converted,
    first_entries.outcome = 'dropped' as is_dropped,
    coalesce(
        customers.customer_since >= first_entries.entered_at
        and customers.customer_since <= {{ add_days('first_entries.entered_at', setting('funnel_window_days')) }},
        false
    ) as is_new_customer,
    moments.revenue_since
from {{ ref('int_stage_first_entries') }} as first_entries
inner join {{ ref('int_stage_moments') }} as moments
    on first_entries.person_key = moments.person_key
    and first_entries.entered_at = moments.moment
inner join {{ ref('int_journey_persons') }} as customers on first_entries.person_key = customers.person_key
