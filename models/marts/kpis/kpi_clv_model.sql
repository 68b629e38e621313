{#- Keep a row per parameter without a fit too, so that `failure` can say why. -#}
{%- set parameters = {setting('clv_model'): ['r', 'alpha', 'a', 'b'], 'gamma_gamma': ['p', 'q', 'v'], 'sbg': ['alpha', 'beta']} -%}

with expected_parameters as (

    {%- for model, names in parameters.items() %}
    {%- set outer = loop %}
    {%- for name in names %}
    select
        '{{ model }}' as model,
        '{{ name }}' as parameter
    {{ 'union all' if not (loop.last and outer.last) }}
    {%- endfor %}
    {%- endfor %}

),

inputs as (

    select * from {{ ref('int_clv_inputs') }}

)

select
    inputs.fit_window,
    expected_parameters.model,
    expected_parameters.parameter,
    fitted.value,
    fitted.log_likelihood,
    coalesce(fitted.customers, 0) as customers,
    inputs.as_of as fitted_at,
    fitted.is_at_edge,
    case
        when fitted.parameter is not null then fitted.failure
        when expected_parameters.model = 'sbg' and inputs.subscriptions = 0 then 'too few customers: nobody has subscribed'
        when expected_parameters.model <> 'sbg' and inputs.customers = 0 then 'too few customers: nobody has bought'
        else 'not fitted to these orders: build with scripts/build'
    end as failure
from inputs
cross join expected_parameters
left join {{ ref('stg_private__clv_parameters') }} as fitted
    on inputs.fit_window = fitted.fit_window
    and inputs.input_hash = fitted.input_hash
    and inputs.as_of = fitted.as_of
    and expected_parameters.model = fitted.model
    and expected_parameters.parameter = fitted.parameter
