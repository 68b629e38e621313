{%- set labels = {'dimension_value': 'dimension'} -%}
{%- set grain = 'cohort_month, attribution_model, dimension, dimension_value' -%}

with attribution as (

    select * from {{ ref('fct_attribution') }}

),

{# new customers and the channels that share the credit for them #}
credits as (

    select
        attribution.attribution_model,
        attribution.channel,
        channels.ownership,
        conversions.person_id,
        {{ month_of('conversions.converted_date') }} as cohort_month,
        attribution.credit
    from attribution
    inner join {{ ref('fct_conversions') }} as conversions on attribution.conversion_id = conversions.conversion_id
    inner join {{ ref('dim_channels') }} as channels on attribution.channel = channels.channel
    where conversions.conversion_type = 'customer'

),

{# sum the credit per person first: over all channels it is exactly 1, so totals do not add up rounded shares #}
person_credits as (

    {{ by_dimension('credits', ['channel'], {
        'credit': 'sum(credit)',
        'paid_credit': "sum(case when ownership = 'paid' then credit else 0 end)",
    }, by=['cohort_month', 'attribution_model', 'person_id']) }}

),

person_months as (

    select
        orders.person_id,
        {{ month_of('orders.ordered_date') }} as month_start,
        sum(orders.net_revenue) as revenue,
        sum(orders.covered_revenue) as covered_revenue,
        sum({{ contribution('orders') }}) as contribution
    from {{ ref('fct_orders') }} as orders
    where orders.is_conversion
    group by orders.person_id, {{ month_of('orders.ordered_date') }}

),

credited_months as (

    select
        credits.cohort_month,
        credits.attribution_model,
        credits.dimension,
        credits.dimension_value,
        {%- for column in ['revenue', 'covered_revenue', 'contribution'] %}
        {%- set share = 'cast(credits.credit as double) * cast(months.' ~ column ~ ' as double)' %}
        cast({{ round_double(share, 4) }} as decimal(28, 4)) as {{ column }},
        {%- endfor %}
        greatest(
            0,
            (year(months.month_start) - year(credits.cohort_month)) * 12 + month(months.month_start) - month(credits.cohort_month)
        ) as months_since
    from person_credits as credits
    inner join person_months as months on credits.person_id = months.person_id

),

cohort_months as (

    select
        {{ grain }},
        months_since,
        sum(revenue) as revenue,
        sum(covered_revenue) as covered_revenue,
        sum(contribution) as contribution
    from credited_months
    group by {{ grain }}, months_since

),

acquired as (

    select
        credits.cohort_month,
        credits.attribution_model,
        credits.dimension,
        credits.dimension_value,
        sum(credits.credit) as customers,
        sum(credits.paid_credit) as paid_customers,
        sum(case when clv.predicted_clv_12m is not null then credits.credit else 0 end) as customers_predicted,
        sum(cast({{ round_double('cast(credits.credit as double) * clv.predicted_clv_12m', 4) }} as decimal(28, 4))) as predicted_clv_12m
    from person_credits as credits
    left join {{ ref('kpi_clv') }} as clv on credits.person_id = clv.person_id
    group by credits.cohort_month, credits.attribution_model, credits.dimension, credits.dimension_value

),

models as (

    {%- for attribution_model in var('attribution_models') %}
    select '{{ attribution_model }}' as attribution_model
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# keep spend that won nobody, in every model: without it acquisition would look cheaper than it was #}
model_spend as (

    select
        {{ month_of('spend.spend_date') }} as cohort_month,
        models.attribution_model,
        spend.channel,
        spend.cost
    from {{ ref('fct_ad_spend') }} as spend
    cross join models

),

spent as (

    {{ by_dimension('model_spend', ['channel'], {'spend': 'sum(cost)'}, by=['cohort_month', 'attribution_model']) }}

),

parts as (

    select
        {{ grain }},
        customers,
        paid_customers,
        customers_predicted,
        predicted_clv_12m,
        cast(0 as decimal(28, 4)) as spend
    from acquired
    union all
    select
        {{ grain }},
        cast(0 as decimal(18, 12)) as customers,
        cast(0 as decimal(18, 12)) as paid_customers,
        cast(0 as decimal(18, 12)) as customers_predicted,
        cast(null as decimal(28, 4)) as predicted_clv_12m,
        spend
    from spent

),

cohorts as (

    select
        {{ grain }},
        sum(customers) as customers,
        sum(paid_customers) as paid_customers,
        sum(customers_predicted) as customers_predicted,
        sum(predicted_clv_12m) as predicted_clv_12m,
        sum(spend) as spend
    from parts
    group by {{ grain }}

),

so_far as (

    select
        months.*,
        sum(months.contribution) over (
            partition by months.cohort_month, months.attribution_model, months.dimension, months.dimension_value
            order by months.months_since
            rows between unbounded preceding and current row
        ) as contribution_so_far
    from cohort_months as months

),

earned as (

    select
        so_far.cohort_month,
        so_far.attribution_model,
        so_far.dimension,
        so_far.dimension_value,
        sum(so_far.revenue) as revenue,
        sum(so_far.covered_revenue) as covered_revenue,
        sum(so_far.contribution) as contribution,
        min(case when cohorts.spend > 0 and so_far.contribution_so_far >= cohorts.spend then so_far.months_since end) as payback_months
    from so_far
    inner join cohorts
        on so_far.cohort_month = cohorts.cohort_month
        and so_far.attribution_model = cohorts.attribution_model
        and so_far.dimension = cohorts.dimension
        and so_far.dimension_value = cohorts.dimension_value
    group by so_far.cohort_month, so_far.attribution_model, so_far.dimension, so_far.dimension_value

),

joined as (

    select
        cohorts.cohort_month,
        cohorts.attribution_model,
        cohorts.dimension,
        cohorts.dimension_value,
        cast(cohorts.customers as decimal(28, 12)) as customers,
        cast(cohorts.paid_customers as decimal(28, 12)) as paid_customers,
        cast(cohorts.spend as decimal(28, 4)) as spend,
        cast(coalesce(earned.revenue, 0) as decimal(28, 4)) as revenue,
        cast(coalesce(earned.covered_revenue, 0) as decimal(28, 4)) as covered_revenue,
        cast(coalesce(earned.contribution, 0) as decimal(28, 4)) as contribution,
        cast(cohorts.customers_predicted as decimal(28, 12)) as customers_predicted,
        cast(cohorts.predicted_clv_12m as decimal(28, 4)) as predicted_clv_12m,
        cast(earned.payback_months as bigint) as payback_months
    from cohorts
    left join earned
        on cohorts.cohort_month = earned.cohort_month
        and cohorts.attribution_model = earned.attribution_model
        and cohorts.dimension = earned.dimension
        and cohorts.dimension_value = earned.dimension_value

)

select
    cohort_month,
    attribution_model,
    dimension,
    dimension_value,
    {{ label_columns(labels) }},
    {{ days_between(add_months('cohort_month', 1), reporting_date(as_of())) }} >= 0 as is_complete,
    customers,
    paid_customers,
    spend,
    cast(spend as double) / nullif(cast(customers as double), 0) as blended_cac,
    cast(spend as double) / nullif(cast(paid_customers as double), 0) as paid_cac,
    revenue,
    contribution,
    {{ cost_coverage('covered_revenue', 'revenue') }} as cost_coverage,
    customers_predicted,
    predicted_clv_12m,
    cast(contribution as double) / nullif(cast(customers as double), 0) as clv_to_date,
    cast(contribution + predicted_clv_12m as double) / nullif(cast(customers as double), 0) as ltv,
    cast(contribution as double) / nullif(cast(spend as double), 0) as clv_to_date_to_cac,
    cast(contribution + predicted_clv_12m as double) / nullif(cast(spend as double), 0) as ltv_to_cac,
    payback_months
from {{ with_labels('joined', labels) }} as joined
