-- A message that is counted in two ways at once, or lost on its way from the facts, would bend every rate of e-mail.
with counted as (

    select sum(sent) as sent
    from {{ ref('kpi_email') }}
    where dimension = 'all'

)

select concat_ws(' ', cast(month_start as string), dimension, dimension_value) as problem
from {{ ref('kpi_email') }}
where
    delivered + bounced > sent
    or opened + machine_opened_only > delivered
    or opened_and_clicked > least(opened, clicked)
    or greatest(clicked, unsubscribed, complained) > delivered
union all
select 'messages that are in no month' as problem
from counted
where coalesce(sent, 0) <> (select count(*) from {{ ref('fct_messages') }})
