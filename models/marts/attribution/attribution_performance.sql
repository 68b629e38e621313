{%- set labels = {'channel': 'channel'} -%}
{%- set grain = 'month_basis, month_start, channel, campaign, attribution_model, conversion_type' -%}

with attribution as (

    select
        attribution.attribution_model,
        attribution.channel,
        attribution.campaign,
        attribution.credit,
        attribution.attributed_revenue,
        conversions.conversion_type,
        conversions.converted_date,
        {# an unattributed conversion has no touchpoint, so touch_month is its own month #}
        coalesce(touchpoints.touched_date, conversions.converted_date) as touched_date
    from {{ ref('fct_attribution') }} as attribution
    inner join {{ ref('fct_conversions') }} as conversions on attribution.conversion_id = conversions.conversion_id
    left join {{ ref('fct_touchpoints') }} as touchpoints on attribution.touchpoint_id = touchpoints.touchpoint_id

),

models as (

    {%- for attribution_model in var('attribution_models') %}
    select '{{ attribution_model }}' as attribution_model
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# spend in every model and conversion type, so that spend without conversions keeps its rows #}
spend as (

    select
        {{ month_of('spend.spend_date') }} as month_start,
        spend.channel,
        spend.campaign,
        models.attribution_model,
        types.conversion_type,
        sum(spend.cost) as spend
    from {{ ref('fct_ad_spend') }} as spend
    cross join models
    cross join {{ ref('conversion_types') }} as types
    group by {{ month_of('spend.spend_date') }}, spend.channel, spend.campaign, models.attribution_model, types.conversion_type

),

month_bases as (

    select 'conversion_month' as month_basis
    union all
    select 'touch_month' as month_basis

),

rows_of_both as (

    select
        month_bases.month_basis,
        {{ month_of(
            "case month_bases.month_basis when 'touch_month' then attribution.touched_date else attribution.converted_date end"
        ) }} as month_start,
        attribution.channel,
        attribution.campaign,
        attribution.attribution_model,
        attribution.conversion_type,
        attribution.credit as conversions,
        attribution.attributed_revenue as revenue,
        cast(0 as decimal(18, 4)) as spend
    from attribution
    cross join month_bases
    union all
    select
        month_bases.month_basis,
        spend.month_start,
        spend.channel,
        spend.campaign,
        spend.attribution_model,
        spend.conversion_type,
        cast(0 as decimal(18, 12)) as conversions,
        cast(0 as decimal(18, 4)) as revenue,
        spend.spend
    from spend
    cross join month_bases

),

summed as (

    select
        {{ grain }},
        cast(sum(conversions) as decimal(28, 12)) as conversions,
        cast(sum(revenue) as decimal(28, 4)) as revenue,
        cast(sum(spend) as decimal(28, 4)) as spend
    from rows_of_both
    group by {{ grain }}

)

select
    month_basis,
    month_start,
    channel,
    campaign,
    attribution_model,
    conversion_type,
    {{ label_columns(labels) }},
    {# touchpoints can earn credit until their lookback is over, so touch_month is mature only after that of its last day #}
    {{ days_between(add_months('month_start', 1), reporting_date(as_of())) }}
    >= case when month_basis = 'touch_month' then {{ setting('attribution_lookback_days') }} else 0 end as is_mature,
    conversions,
    revenue,
    spend,
    cast(spend as double) / nullif(cast(conversions as double), 0) as cost_per_conversion,
    case when conversion_type = 'customer' then cast(spend as double) / nullif(cast(conversions as double), 0) end as cac,
    cast(revenue as double) / nullif(cast(spend as double), 0) as roas,
    cast(revenue - spend as double) / nullif(cast(spend as double), 0) as roi
from {{ with_labels('summed', labels) }} as summed
