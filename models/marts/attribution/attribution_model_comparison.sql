{%- set labels = {'channel': 'channel'} -%}

with attribution as (

    select
        attribution.attribution_model,
        attribution.channel,
        conversions.conversion_type,
        sum(attribution.credit) as conversions,
        sum(attribution.attributed_revenue) as revenue
    from {{ ref('fct_attribution') }} as attribution
    inner join {{ ref('fct_conversions') }} as conversions on attribution.conversion_id = conversions.conversion_id
    where attribution.touchpoint_id is not null
    group by attribution.attribution_model, attribution.channel, conversions.conversion_type

),

models as (

    select distinct
        attribution_model,
        conversion_type
    from attribution

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
        coalesce(attribution.conversions, 0) as conversions,
        coalesce(attribution.revenue, 0) as revenue
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
        cast(conversions as double) / cast(sum(conversions) over (partition by conversion_type, attribution_model) as double) as share,
        cast(revenue as double)
        / nullif(cast(sum(revenue) over (partition by conversion_type, attribution_model) as double), 0) as revenue_share
    from complete

)

select
    conversion_type,
    attribution_model,
    channel,
    {{ label_columns(labels) }},
    cast(conversions as decimal(28, 12)) as conversions,
    cast(revenue as decimal(28, 4)) as revenue,
    share,
    revenue_share,
    share - sum(share) over (partition by conversion_type, channel) / count(*) over (partition by conversion_type, channel)
        as share_difference
from {{ with_labels('shares', labels) }} as shares
