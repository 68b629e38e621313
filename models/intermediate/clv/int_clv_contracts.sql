with subscriptions as (

    select * from {{ ref('int_clv_subscriptions') }}
    where fit_window = 'all'

),

scores as (

    select scores.*
    from {{ ref('stg_private__clv_contract_scores') }} as scores
    inner join {{ ref('int_clv_inputs') }} as inputs
        on scores.fit_window = inputs.fit_window
        and scores.input_hash = inputs.input_hash
        and scores.as_of = inputs.as_of
    where inputs.fit_window = 'all'

)

select
    subscriptions.person_id,
    cast(count(*) filter (where subscriptions.mrr > 0) as bigint) as running_subscriptions,
    cast(sum(subscriptions.mrr) as decimal(28, 4)) as mrr,
    {# null if the fit has no lifetime for one of the running subscriptions, because their revenue is then unknown #}
    cast(case
        when count(*) filter (where subscriptions.mrr > 0 and scores.lifetime_months is null) = 0
            then sum(coalesce({{ round_double('cast(subscriptions.mrr as double) * scores.discounted_months', 4) }}, 0))
    end as decimal(28, 4)) as contract_revenue_12m
from subscriptions
left join scores on subscriptions.mrr > 0 and subscriptions.lifetime_months = scores.lifetime_months
group by subscriptions.person_id
