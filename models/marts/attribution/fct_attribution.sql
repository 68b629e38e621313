with weights as (

    {%- for attribution_model in var('attribution_models') %}
    select
        '{{ attribution_model }}' as attribution_model,
        conversion_id,
        touchpoint_id,
        cast(weight as decimal(18, 12)) as weight
    from {{ ref(attribution_model) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

attribution_models as (

    {%- for attribution_model in var('attribution_models') %}
    select '{{ attribution_model }}' as attribution_model
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# credit in units of 10^-12: what is lost by rounding down goes to the largest remainders, so that it adds up to one exactly #}
scaled as (

    select
        *,
        cast(weight as double) / cast(sum(weight) over (partition by attribution_model, conversion_id) as double) * 1e12 as units
    from weights
    where weight > 0

),

credit_ranks as (

    select
        *,
        cast(floor(units) as bigint) as whole_units,
        row_number() over (
            partition by attribution_model, conversion_id
            order by units - floor(units) desc, touchpoint_id
        ) as remainder_rank,
        1000000000000 - sum(cast(floor(units) as bigint)) over (partition by attribution_model, conversion_id) as units_left
    from scaled

),

credits as (

    select
        attribution_model,
        conversion_id,
        touchpoint_id,
        cast(
            cast(whole_units + case when remainder_rank <= units_left then 1 else 0 end as decimal(18, 0)) * 0.000000000001
            as decimal(18, 12)
        ) as credit
    from credit_ranks

),

conversions as (

    select
        conversions.*,
        cast(conversions.revenue / {{ minor_unit() }} as decimal(18, 0)) as revenue_units
    from {{ ref('fct_conversions') }} as conversions

),

{# revenue likewise, in minor units of the reporting currency #}
shares as (

    select
        credits.*,
        conversions.revenue_units,
        {# 24 digits: DuckDB multiplies within 18 where both factors fit in them #}
        cast(credits.credit as decimal(13, 12)) * cast(conversions.revenue_units as decimal(24, 0)) as share
    from credits
    inner join conversions on credits.conversion_id = conversions.conversion_id

),

share_ranks as (

    select
        *,
        row_number() over (
            partition by attribution_model, conversion_id
            order by share - floor(share) desc, touchpoint_id
        ) as remainder_rank,
        revenue_units - sum(floor(share)) over (partition by attribution_model, conversion_id) as units_left
    from shares

),

attributed as (

    select
        share_ranks.attribution_model,
        share_ranks.conversion_id,
        share_ranks.touchpoint_id,
        share_ranks.credit,
        cast(
            (floor(share_ranks.share) + case when share_ranks.remainder_rank <= share_ranks.units_left then 1 else 0 end)
            * {{ minor_unit() }} as decimal(18, 4)
        ) as attributed_revenue,
        touchpoints.channel,
        touchpoints.campaign
    from share_ranks
    inner join {{ ref('int_touchpoints') }} as touchpoints on share_ranks.touchpoint_id = touchpoints.touchpoint_id

),

with_credit as (

    select distinct
        attribution_model,
        conversion_id
    from attributed

),

unattributed as (

    select
        attribution_models.attribution_model,
        conversions.conversion_id,
        cast(null as string) as touchpoint_id,
        cast(1 as decimal(18, 12)) as credit,
        conversions.revenue as attributed_revenue,
        'unattributed' as channel,
        '(none)' as campaign
    from conversions
    cross join attribution_models
    left join with_credit
        on conversions.conversion_id = with_credit.conversion_id
        and attribution_models.attribution_model = with_credit.attribution_model
    where with_credit.conversion_id is null

),

attribution as (

    select * from attributed
    union all
    select
        attribution_model,
        conversion_id,
        touchpoint_id,
        credit,
        attributed_revenue,
        channel,
        campaign
    from unattributed

)

select
    {{ keyed_hash(["'attribution'", 'attribution_model', 'conversion_id', 'touchpoint_id']) }} as attribution_id,
    conversion_id,
    touchpoint_id,
    attribution_model,
    channel,
    campaign,
    credit,
    attributed_revenue
from attribution
