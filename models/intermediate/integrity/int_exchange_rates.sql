with rates as (

    select * from {{ accepted('finance', 'exchange_rates') }}

)

select
    currency,
    rate_date as valid_from,
    lead(rate_date) over (partition by currency order by rate_date) as valid_to,
    rate_to_reporting as rate
from rates
