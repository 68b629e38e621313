with monthly as (

    select
        person_key,
        customer_type,
        persona,
        month as period,
        fact_type,
        item,
        {{ mask_unions() }}
    from {{ ref('int_placed_facts') }}
    where fact_type in ('action', 'touchpoint', 'channel', 'pain_point')
    group by person_key, customer_type, persona, month, fact_type, item

)

select * from monthly
union all
select
    person_key,
    customer_type,
    persona,
    'all' as period,
    fact_type,
    item,
    {{ mask_unions() }}
from monthly
group by person_key, customer_type, persona, fact_type, item
