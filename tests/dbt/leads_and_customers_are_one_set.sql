-- The number of leads and of customers is the same in every mart that counts them; CAC, LTV and win rates over different sets could not be
-- compared.
with converted as (

    select
        count(*) filter (where conversion_type = 'lead') as leads,
        count(*) filter (where conversion_type = 'mql') as mqls
    from {{ ref('fct_conversions') }}

),

counted as (

    select
        'kpi_pipeline' as mart,
        coalesce(sum(leads), 0) as leads,
        coalesce(sum(mqls), 0) as mqls
    from {{ ref('kpi_pipeline') }}
    where dimension = 'all'
    union all
    select
        'kpi_customer_types' as mart,
        coalesce(sum(leads), 0) as leads,
        cast(null as bigint) as mqls
    from {{ ref('kpi_customer_types') }}
    where period = 'all'

),

customers as (

    select
        person_id,
        customer_since
    from {{ ref('dim_persons') }}
    where customer_since is not null

),

became_customers as (

    select
        person_id,
        converted_at
    from {{ ref('fct_conversions') }}
    where conversion_type = 'customer'

)

select counted.mart as problem
from counted
cross join converted
where counted.leads <> converted.leads or counted.mqls <> converted.mqls
union all
select coalesce(customers.person_id, became_customers.person_id) as problem
from customers
full outer join became_customers on customers.person_id = became_customers.person_id
where customers.customer_since is distinct from became_customers.converted_at
