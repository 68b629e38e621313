-- Every message is counted once, and none both bounced and was delivered; otherwise every e-mail rate would be off.
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
