{#-
    Fader and Hardie (2013), equation 5: the mean of a customer is shrunk towards that of all customers, the more so the fewer repeat
    days it is based on.
-#}
with inputs as (

    select * from {{ ref('int_clv_inputs') }}

),

parameters as (

    select
        fitted.fit_window,
        max(case when fitted.parameter = 'p' then fitted.value end) as p,
        max(case when fitted.parameter = 'q' then fitted.value end) as q,
        max(case when fitted.parameter = 'v' then fitted.value end) as v
    from {{ ref('stg_private__clv_parameters') }} as fitted
    inner join {{ ref('int_clv_inputs') }} as inputs
        on fitted.fit_window = inputs.fit_window
        and fitted.input_hash = inputs.input_hash
        and fitted.as_of = inputs.as_of
    where fitted.model = 'gamma_gamma'
    group by fitted.fit_window

),

customers as (

    select
        *,
        case when revenue_per_repeat_day > 0 then frequency else 0 end as valued_days
    from {{ ref('int_clv_customers') }}

)

select
    customers.fit_window,
    persons.person_id,
    customers.is_fitted,
    customers.cohort_month,
    customers.frequency,
    scores.p_alive,
    scores.predicted_purchases,
    scores.discounted_purchases,
    parameters.p * (parameters.v + customers.valued_days * coalesce(customers.revenue_per_repeat_day, 0))
    / (parameters.p * customers.valued_days + parameters.q - 1) as expected_value_per_purchase_day,
    customers.purchase_days_after,
    customers.revenue_after
from customers
inner join {{ ref('int_persons') }} as persons on customers.person_key = persons.person_key
inner join inputs on customers.fit_window = inputs.fit_window
inner join {{ ref('stg_private__clv_scores') }} as scores
    on inputs.fit_window = scores.fit_window
    and inputs.input_hash = scores.input_hash
    and inputs.as_of = scores.as_of
    and customers.frequency = scores.frequency
    and customers.recency_days = scores.recency_days
    and customers.age_days = scores.age_days
left join parameters on customers.fit_window = parameters.fit_window
