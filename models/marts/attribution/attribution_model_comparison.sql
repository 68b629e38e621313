{%- set labels = {'channel': 'channel'} -%}

{# conversions of one customer are not independent, so the intervals are based on the variance between customers #}
with customers as (

    select
        attribution.attribution_model,
        attribution.channel,
        conversions.conversion_type,
        case when conversions.person_id = 'unknown' then conversions.company_id else conversions.person_id end as customer_id,
        sum(attribution.credit) as conversions,
        sum(attribution.attributed_revenue) as revenue
    from {{ ref('fct_attribution') }} as attribution
    inner join {{ ref('fct_conversions') }} as conversions on attribution.conversion_id = conversions.conversion_id
    where attribution.touchpoint_id is not null
    group by attribution.attribution_model, attribution.channel, conversions.conversion_type, customer_id

),

{# nine decimals, so that sums of squares are exact and do not depend on the order of rows #}
credits as (

    select
        *,
        cast(conversions as decimal(18, 9)) as credit,
        cast(sum(conversions) over (partition by attribution_model, conversion_type, customer_id) as decimal(18, 9)) as all_credit
    from customers

),

attribution as (

    select
        attribution_model,
        channel,
        conversion_type,
        sum(conversions) as conversions,
        sum(revenue) as revenue,
        sum(credit * credit) as squares,
        sum(credit * all_credit) as products
    from credits
    group by attribution_model, channel, conversion_type

),

models as (

    select
        attribution_model,
        conversion_type,
        count(*) as customers,
        sum(all_credit * all_credit) as total_squares
    from (select distinct attribution_model, conversion_type, customer_id, all_credit from credits) as totals
    group by attribution_model, conversion_type

),

channels as (

    select distinct
        channel,
        conversion_type
    from attribution

),

{# a channel without credit in one model has share 0 there, so that the mean over models includes it #}
complete as (

    select
        models.conversion_type,
        models.attribution_model,
        channels.channel,
        models.customers,
        models.total_squares,
        coalesce(attribution.conversions, 0) as conversions,
        sum(coalesce(attribution.conversions, 0)) over (partition by models.conversion_type, models.attribution_model) as trials,
        coalesce(attribution.revenue, 0) as revenue,
        coalesce(attribution.squares, 0) as squares,
        coalesce(attribution.products, 0) as products
    from models
    inner join channels on models.conversion_type = channels.conversion_type
    left join attribution
        on models.conversion_type = attribution.conversion_type
        and models.attribution_model = attribution.attribution_model
        and channels.channel = attribution.channel

),

shares as (

    select
        *,
        cast(conversions as double) / cast(trials as double) as share,
        cast(revenue as double)
        / nullif(cast(sum(revenue) over (partition by conversion_type, attribution_model) as double), 0) as revenue_share
    from complete

),

{# no interval for data-driven models: their weights are estimated from the same paths, which adds uncertainty that credit does not show #}
weighed as (

    select
        shares.*,
        case
            when not models.is_data_driven
                then {{ effective_trials('share', 'cast(trials as double)', 'customers', 'squares', 'products', 'total_squares') }}
        end as effective_trials
    from shares
    inner join {{ ref('dim_attribution_models') }} as models on shares.attribution_model = models.attribution_model

)

select
    conversion_type,
    attribution_model,
    channel,
    {{ label_columns(labels) }},
    cast(conversions as decimal(28, 12)) as conversions,
    cast(revenue as decimal(28, 4)) as revenue,
    share,
    {{ wilson_bound('share', 'effective_trials', '-') }} as share_low,
    {{ wilson_bound('share', 'effective_trials', '+') }} as share_high,
    revenue_share,
    share - sum(share) over (partition by conversion_type, channel) / count(*) over (partition by conversion_type, channel)
        as share_difference
from {{ with_labels('weighed', labels) }} as weighed
