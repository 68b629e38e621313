-- A message that both bounced and arrived, or was lost on its way from the facts, would bend every rate of e-mail.
with counted as (

    select sum(sent) as sent
    from {{ ref('kpi_email') }}
    where dimension = 'all'

)

select concat_ws(' ', cast(month_start as string), dimension, dimension_value) as problem
from {{ ref('kpi_email') }}
where
    delivered + bounced > sent
union all
select 'messages that are in no month' as problem
from counted
where coalesce(sent, 0) <> (select count(*) from {{ ref('fct_messages') }})
