{%- set labels = {'dimension_value': 'dimension'} -%}

with orders as (

    select * from {{ ref('fct_orders') }}

),

sessions as (

    select
        sessions.session_id,
        sessions.person_id,
        sessions.ended_at,
        {{ month_of('sessions.started_date') }} as month_start,
        sessions.channel,
        sessions.device_type,
        {# as known at that moment: whoever buys becomes known, so of persons unknown today nobody has bought #}
        coalesce(history.customer_type, 'unknown') as customer_type,
        sessions.has_form_started,
        sessions.has_form_error,
        sessions.has_cart,
        sessions.has_checkout,
        sessions.has_order,
        sessions.is_cart_abandoned,
        sessions.is_checkout_abandoned,
        sessions.is_form_abandoned
    from {{ ref('fct_sessions') }} as sessions
    {{ join_known_at('sessions', 'started_at') }}
    where not sessions.is_bot and not sessions.is_endless

),

{# abandoned carts whose person ordered soon after, on any device or in a store #}
recoveries as (

    select distinct sessions.session_id
    from sessions
    inner join orders
        on sessions.person_id = orders.person_id
        and orders.ordered_at > sessions.ended_at
        and orders.ordered_at <= {{ add_days('sessions.ended_at', setting('cart_recovery_days')) }}
    where
        sessions.is_cart_abandoned
        and sessions.person_id <> 'unknown'
        and orders.is_conversion

),

visits as (

    select
        sessions.*,
        recoveries.session_id is not null as is_recovered
    from sessions
    left join recoveries on sessions.session_id = recoveries.session_id

),

counted as (

    {{ by_dimension('visits', ['channel', 'device_type', 'customer_type'], {
        'sessions': 'count(*)',
        'cart_sessions': 'count(*) filter (where has_cart)',
        'checkout_sessions': 'count(*) filter (where has_checkout)',
        'order_sessions': 'count(*) filter (where has_order)',
        'carts_abandoned': 'count(*) filter (where is_cart_abandoned)',
        'checkouts_abandoned': 'count(*) filter (where is_checkout_abandoned)',
        'carts_recovered': 'count(*) filter (where is_recovered)',
        'form_sessions': 'count(*) filter (where has_form_started)',
        'forms_abandoned': 'count(*) filter (where is_form_abandoned)',
        'form_error_sessions': 'count(*) filter (where has_form_started and has_form_error)',
    }) }}

),

rated as (

    select
        *,
        {{ share_of('carts_abandoned', 'cart_sessions') }} as cart_abandonment_rate,
        {{ share_of('checkouts_abandoned', 'checkout_sessions') }} as checkout_abandonment_rate,
        {{ share_of('forms_abandoned', 'form_sessions') }} as form_abandonment_rate,
        {{ days_between(add_months('month_start', 1), reporting_date(as_of())) }} >= {{ setting('cart_recovery_days') }} as is_mature
    from counted

)

select
    month_start,
    dimension,
    dimension_value,
    {{ label_columns(labels) }},
    {{ is_complete_month('month_start') }} as is_complete,
    sessions,
    cart_sessions,
    checkout_sessions,
    order_sessions,
    carts_abandoned,
    cart_abandonment_rate,
    {{ wilson_bound('cart_abandonment_rate', 'cart_sessions', '-') }} as cart_abandonment_rate_low,
    {{ wilson_bound('cart_abandonment_rate', 'cart_sessions', '+') }} as cart_abandonment_rate_high,
    checkouts_abandoned,
    checkout_abandonment_rate,
    {{ wilson_bound('checkout_abandonment_rate', 'checkout_sessions', '-') }} as checkout_abandonment_rate_low,
    {{ wilson_bound('checkout_abandonment_rate', 'checkout_sessions', '+') }} as checkout_abandonment_rate_high,
    carts_recovered,
    is_mature,
    case when is_mature then {{ share_of('carts_recovered', 'carts_abandoned') }} end as recovery_rate,
    form_sessions,
    forms_abandoned,
    form_abandonment_rate,
    {{ wilson_bound('form_abandonment_rate', 'form_sessions', '-') }} as form_abandonment_rate_low,
    {{ wilson_bound('form_abandonment_rate', 'form_sessions', '+') }} as form_abandonment_rate_high,
    form_error_sessions,
    {{ share_of('form_error_sessions', 'form_sessions') }} as form_error_rate
from {{ with_labels('rated', labels) }} as rated
