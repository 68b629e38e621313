{%- set dimensions = {'all': "'all'", 'channel': 'channel'} -%}
{%- set of_cohort = 'cohort_month, attribution_model, channel' -%}

with attribution as (

    select * from {{ ref('fct_attribution') }}

),

{# who became a customer, and the channels that share the credit for it #}
credits as (

    select
        attribution.attribution_model,
        attribution.channel,
        conversions.person_id,
        {{ month_of('conversions.converted_date') }} as cohort_month,
        sum(attribution.credit) as credit
    from attribution
    inner join {{ ref('fct_conversions') }} as conversions on attribution.conversion_id = conversions.conversion_id
    where conversions.conversion_type = 'customer'
    group by attribution.attribution_model, attribution.channel, conversions.person_id, {{ month_of('conversions.converted_date') }}

),

{# what is left of an order: its margin, and the revenue of what has no known cost #}
person_months as (

    select
        person_id,
        {{ month_of('ordered_date') }} as month_start,
        sum(net_revenue) as revenue,
        sum(covered_revenue) as covered_revenue,
        sum(coalesce(margin, 0) + net_revenue - covered_revenue) as contribution
    from {{ ref('fct_orders') }}
    where is_conversion
    group by person_id, {{ month_of('ordered_date') }}

),

credited_months as (

    select
        credits.cohort_month,
        credits.attribution_model,
        credits.channel,
        {%- for column in ['revenue', 'covered_revenue', 'contribution'] %}
        {%- set share = 'cast(credits.credit as double) * cast(months.' ~ column ~ ' as double)' %}
        cast({{ round_double(share, 4) }} as decimal(28, 4)) as {{ column }},
        {%- endfor %}
        greatest(
            0,
            (year(months.month_start) - year(credits.cohort_month)) * 12 + month(months.month_start) - month(credits.cohort_month)
        ) as months_since
    from credits
    inner join person_months as months on credits.person_id = months.person_id

),

cohort_months as (

    select
        {{ of_cohort }},
        months_since,
        sum(revenue) as revenue,
        sum(covered_revenue) as covered_revenue,
        sum(contribution) as contribution
    from credited_months
    group by {{ of_cohort }}, months_since

),

acquired as (

    select
        credits.cohort_month,
        credits.attribution_model,
        credits.channel,
        sum(credits.credit) as customers,
        sum(case when clv.predicted_clv_12m is not null then credits.credit else 0 end) as customers_predicted,
        sum(cast({{ round_double('cast(credits.credit as double) * clv.predicted_clv_12m', 4) }} as decimal(28, 4))) as predicted_clv_12m
    from credits
    left join {{ ref('kpi_clv') }} as clv on credits.person_id = clv.person_id
    group by credits.cohort_month, credits.attribution_model, credits.channel

),

models as (

    {%- for attribution_model in var('attribution_models') %}
    select '{{ attribution_model }}' as attribution_model
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# spend that won nobody keeps its row, in every model #}
spent as (

    select
        {{ month_of('spend.spend_date') }} as cohort_month,
        models.attribution_model,
        spend.channel,
        sum(spend.cost) as spend
    from {{ ref('fct_ad_spend') }} as spend
    cross join models
    group by {{ month_of('spend.spend_date') }}, models.attribution_model, spend.channel

),

parts as (

    select
        {{ of_cohort }},
        customers,
        customers_predicted,
        predicted_clv_12m,
        cast(0 as decimal(28, 4)) as spend
    from acquired
    union all
    select
        {{ of_cohort }},
        cast(0 as decimal(18, 12)) as customers,
        cast(0 as decimal(18, 12)) as customers_predicted,
        cast(null as decimal(28, 4)) as predicted_clv_12m,
        spend
    from spent

),

cohorts as (

    {%- for dimension, value in dimensions.items() %}
    select
        parts.cohort_month,
        parts.attribution_model,
        '{{ dimension }}' as dimension,
        {{ "'all'" if dimension == 'all' else 'parts.channel' }} as dimension_value,
        sum(parts.customers) as customers,
        sum(case when channels.ownership = 'paid' then parts.customers else 0 end) as paid_customers,
        sum(parts.customers_predicted) as customers_predicted,
        sum(parts.predicted_clv_12m) as predicted_clv_12m,
        sum(parts.spend) as spend
    from parts
    inner join {{ ref('dim_channels') }} as channels on parts.channel = channels.channel
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

dimension_months as (

    {%- for dimension, value in dimensions.items() %}
    select
        cohort_month,
        attribution_model,
        '{{ dimension }}' as dimension,
        {{ value }} as dimension_value,
        months_since,
        sum(revenue) as revenue,
        sum(covered_revenue) as covered_revenue,
        sum(contribution) as contribution
    from cohort_months
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

so_far as (

    select
        months.*,
        sum(months.contribution) over (
            partition by months.cohort_month, months.attribution_model, months.dimension, months.dimension_value
            order by months.months_since
            rows between unbounded preceding and current row
        ) as contribution_so_far
    from dimension_months as months

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
    cast(cohort_month as string) || '.' || attribution_model || '.' || dimension || '.' || dimension_value as unit_economics_key,
    cohort_month,
    attribution_model,
    dimension,
    dimension_value,
    {{ days_between(add_months('cohort_month', 1), reporting_date(as_of())) }} >= 0 as is_complete,
    customers,
    paid_customers,
    spend,
    cast(spend as double) / nullif(cast(customers as double), 0) as blended_cac,
    cast(spend as double) / nullif(cast(paid_customers as double), 0) as paid_cac,
    revenue,
    contribution,
    cast(covered_revenue as double) / nullif(cast(revenue as double), 0) as cost_coverage,
    customers_predicted,
    predicted_clv_12m,
    cast(contribution as double) / nullif(cast(customers as double), 0) as clv_to_date,
    cast(contribution + predicted_clv_12m as double) / nullif(cast(customers as double), 0) as ltv,
    cast(contribution as double) / nullif(cast(spend as double), 0) as clv_to_date_to_cac,
    cast(contribution + predicted_clv_12m as double) / nullif(cast(spend as double), 0) as ltv_to_cac,
    payback_months
from joined
