{%- set labels = {'dimension_value': 'dimension'} -%}

with messages as (

    select
        messages.*,
        {{ month_of('messages.sent_date') }} as month_start,
        persons.persona,
        persons.customer_type
    from {{ ref('fct_messages') }} as messages
    inner join {{ ref('dim_persons') }} as persons on messages.person_id = persons.person_id

),

counted as (

    {{ by_dimension('messages', ['campaign', 'customer_type', 'persona'], {
        'sent': 'count(*)',
        'delivered': 'count(*) filter (where is_delivered)',
        'bounced': 'count(*) filter (where is_bounced)',
        'opened': 'count(*) filter (where is_delivered and opened_at is not null)',
        'machine_opened_only': 'count(*) filter (where is_delivered and opened_at is null and machine_opened_at is not null)',
        'clicked': 'count(*) filter (where is_delivered and clicked_at is not null)',
        'opened_and_clicked': 'count(*) filter (where is_delivered and opened_at is not null and clicked_at is not null)',
        'unsubscribed': 'count(*) filter (where is_delivered and unsubscribed_at is not null)',
        'complained': 'count(*) filter (where is_delivered and complained_at is not null)',
    }) }}

),

rated as (

    select
        *,
        {{ share_of('opened', 'delivered') }} as open_rate,
        {{ share_of('clicked', 'delivered') }} as click_rate
    from counted

)

select
    month_start,
    dimension,
    dimension_value,
    {{ label_columns(labels) }},
    {{ is_complete_month('month_start') }} as is_complete,
    sent,
    delivered,
    {{ share_of('delivered', 'sent') }} as delivery_rate,
    bounced,
    {{ share_of('bounced', 'sent') }} as bounce_rate,
    opened,
    open_rate,
    {{ wilson_bound('open_rate', 'delivered', '-') }} as open_rate_low,
    {{ wilson_bound('open_rate', 'delivered', '+') }} as open_rate_high,
    machine_opened_only,
    clicked,
    click_rate,
    {{ wilson_bound('click_rate', 'delivered', '-') }} as click_rate_low,
    {{ wilson_bound('click_rate', 'delivered', '+') }} as click_rate_high,
    opened_and_clicked,
    {{ share_of('opened_and_clicked', 'opened') }} as click_to_open_rate,
    unsubscribed,
    {{ share_of('unsubscribed', 'delivered') }} as unsubscribe_rate,
    complained,
    {{ share_of('complained', 'delivered') }} as complaint_rate
from {{ with_labels('rated', labels) }} as rated
