-- Recounts opens and clicks of delivered messages from the e-mail events. Machine opens count for nobody.
with counted as (

    select
        {{ month_of('sent_date') }} as month_start,
        count(*) as sent,
        count(*) filter (where is_delivered) as delivered,
        count(*) filter (where is_delivered and opened_at is not null) as opened,
        count(*) filter (where is_delivered and clicked_at is not null) as clicked,
        count(*) filter (where is_delivered and unsubscribed_at is not null) as unsubscribed
    from {{ ref('fct_messages') }}
    group by {{ month_of('sent_date') }}

),

{# opened_at is never a moment at which only machines opened #}
read_by_persons as (

    select distinct occurred_at
    from {{ accepted('marketing', 'email_events') }}
    where event_type = 'opened' and not coalesce(is_machine, false)

)

select cast(coalesce(published.month_start, counted.month_start) as string) as problem
from (
    select * from {{ ref('kpi_email') }}
    where dimension = 'all'
) as published
full outer join counted on published.month_start = counted.month_start
where
    published.sent is distinct from counted.sent
    or {{ differ('cast(counted.delivered as double) / counted.sent', 'published.delivery_rate') }}
    or {{ differ('cast(counted.opened as double) / nullif(counted.delivered, 0)', 'published.open_rate') }}
    or {{ differ('cast(counted.clicked as double) / nullif(counted.delivered, 0)', 'published.click_rate') }}
    or {{ differ('cast(counted.unsubscribed as double) / nullif(counted.delivered, 0)', 'published.unsubscribe_rate') }}
union all
select messages.message_id as problem
from {{ ref('fct_messages') }} as messages
left join read_by_persons on messages.opened_at = read_by_persons.occurred_at
where messages.opened_at is not null and read_by_persons.occurred_at is null
