-- Recounts the share of each channel by attribution model and the median days of single-touch paths, from fct_attribution and
-- fct_touchpoints. Shares over all models together, or a mean in place of the median, would look just as plausible.
with credits as (

    select
        attribution.attribution_model,
        attribution.conversion_id,
        attribution.channel,
        attribution.credit,
        attribution.attributed_revenue,
        conversions.conversion_type,
        conversions.converted_at,
        touchpoints.touched_at
    from {{ ref('fct_attribution') }} as attribution
    inner join {{ ref('fct_conversions') }} as conversions on attribution.conversion_id = conversions.conversion_id
    inner join {{ ref('fct_touchpoints') }} as touchpoints on attribution.touchpoint_id = touchpoints.touchpoint_id

),

given as (

    select
        attribution_model,
        conversion_type,
        channel,
        sum(credit) as conversions,
        sum(attributed_revenue) as revenue
    from credits
    group by attribution_model, conversion_type, channel

),

{# each conversion with a path has credit 1 in each model, so this is the denominator of all shares #}
led as (

    select
        conversion_type,
        count(distinct conversion_id) as conversions
    from credits
    group by conversion_type

),

ways as (

    select
        conversion_type,
        conversion_id,
        min(channel) as channel,
        count(*) as touches,
        {{ microseconds_between('min(touched_at)', 'max(converted_at)') }} as microseconds
    from credits
    where attribution_model = 'linear'
    group by conversion_type, conversion_id

),

single_touches as (

    select * from ways
    where touches = 1

),

single_hours as (

    {{ middle_hours('single_touches', 'conversion_type, channel', 'microseconds') }}

),

single_counts as (

    select
        conversion_type,
        channel,
        count(*) as conversions
    from single_touches
    group by conversion_type, channel

)

select concat_ws(' ', published.conversion_type, published.attribution_model, published.channel) as problem
from {{ ref('attribution_model_comparison') }} as published
left join given
    on published.attribution_model = given.attribution_model
    and published.conversion_type = given.conversion_type
    and published.channel = given.channel
left join led on published.conversion_type = led.conversion_type
where
    published.conversions <> coalesce(given.conversions, 0)
    or published.revenue <> coalesce(given.revenue, 0)
    or {{ differ('cast(coalesce(given.conversions, 0) as double) / led.conversions', 'published.share') }}
    or published.share - published.share_high > 1e-9
    or published.share_low - published.share > 1e-9
    or published.share_high - published.share_low > 1
union all
select concat_ws(' ', published.conversion_type, published.attribution_model) as problem
from (
    select
        conversion_type,
        attribution_model,
        sum(channel_conversions) as channel_conversions
    from {{ ref('attribution_channel_effects') }}
    group by conversion_type, attribution_model
) as published
left join led on published.conversion_type = led.conversion_type
{# no effect at all: every weight is null or 0, so there is nothing to compare #}
where published.channel_conversions > 0 and abs(published.channel_conversions / led.conversions - 1) > 1e-6
{%- if 'linear' in var('attribution_models') %}
union all
select concat_ws(' ', published.conversion_type, published.path) as problem
from {{ ref('attribution_paths') }} as published
left join single_counts
    on published.conversion_type = single_counts.conversion_type
    and published.path = single_counts.channel
left join single_hours
    on published.conversion_type = single_hours.conversion_type
    and published.path = single_hours.channel
where
    published.length = 1
    and (
        published.conversions is distinct from single_counts.conversions
        or {{ differ('single_hours.middle_hours / 24', 'published.median_days') }}
    )
{%- endif %}
