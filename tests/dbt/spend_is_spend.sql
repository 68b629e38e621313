-- Invariant 2: spend in attribution_performance equals the spend that came in, for every attribution model, conversion type and month
-- basis. An inner join would lose spend that converted nobody.
with spent as (

    select coalesce(sum(cost), 0) as cost
    from {{ ref('fct_ad_spend') }}

),

{# from the landed rows, not from the mart that attribution_performance reads #}
landed as (

    select coalesce(sum({{ to_reporting_currency('spend.cost') }}), 0) as cost
    from {{ accepted('marketing', 'ad_spend') }} as spend
    {{ join_exchange_rates('spend.currency', 'spend.spend_date') }}

),

reported as (

    select
        month_basis,
        attribution_model,
        conversion_type,
        sum(spend) as spend
    from {{ ref('attribution_performance') }}
    group by month_basis, attribution_model, conversion_type

),

combinations as (

    select count(*) * 2 * {{ var('attribution_models') | length }} as expected
    from {{ ref('conversion_types') }}

),

found as (

    select
        count(*) as combinations,
        min(reported.spend) as least,
        max(reported.spend) as most
    from reported

)

select
    found.least,
    found.most,
    spent.cost,
    landed.cost as landed_cost
from found
cross join combinations
cross join spent
cross join landed
where
    spent.cost <> landed.cost
    or (spent.cost > 0 and (found.combinations < combinations.expected or found.least <> spent.cost or found.most <> spent.cost))
