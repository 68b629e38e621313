{%- set labels = {'channel': 'channel'} -%}

with paths as (

    select * from {{ ref('int_paths') }}

),

weights as (

    {%- for attribution_model in var('attribution_models') %}
    select
        {{ loop.index }} as model_number,
        conversion_number,
        touch_number,
        cast(weight as decimal(18, 12)) as weight
    from {{ ref(attribution_model) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

attribution_models as (

    {%- for attribution_model in var('attribution_models') %}
    select
        {{ loop.index }} as model_number,
        '{{ attribution_model }}' as attribution_model
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# credit in units of 10^-12, rounded by the largest remainder method, so that it sums to exactly 1 #}
scaled as (

    select
        weights.model_number,
        weights.conversion_number,
        weights.touch_number,
        paths.tie_breaker,
        cast(weights.weight as double)
        / cast(sum(weights.weight) over (partition by weights.model_number, weights.conversion_number) as double) * 1e12 as units
    from weights
    inner join paths
        on weights.conversion_number = paths.conversion_number
        and weights.touch_number = paths.touch_number
    where weights.weight > 0

),

credit_ranks as (

    select
        *,
        cast(floor(units) as bigint) as whole_units,
        row_number() over (
            partition by model_number, conversion_number
            order by units - floor(units) desc, tie_breaker
        ) as remainder_rank,
        1000000000000 - sum(cast(floor(units) as bigint)) over (partition by model_number, conversion_number) as units_left
    from scaled

),

credits as (

    select
        model_number,
        conversion_number,
        touch_number,
        tie_breaker,
        cast(
            cast(whole_units + case when remainder_rank <= units_left then 1 else 0 end as decimal(18, 0)) * 0.000000000001
            as decimal(18, 12)
        ) as credit
    from credit_ranks

),

conversions as (

    select
        conversions.conversion_id,
        conversions.revenue,
        cast(conversions.revenue / {{ minor_unit() }} as decimal(18, 0)) as revenue_units,
        numbers.conversion_number
    from {{ ref('fct_conversions') }} as conversions
    left join paths as numbers
        on conversions.conversion_id = numbers.conversion_id
        and numbers.touch_number = 1

),

{# the same method for revenue, in minor units of the reporting currency #}
shares as (

    select
        credits.*,
        conversions.revenue_units,
        {# cast to 24 digits, because DuckDB multiplies within 18 digits where both factors fit in 18 #}
        cast(credits.credit as decimal(13, 12)) * cast(conversions.revenue_units as decimal(24, 0)) as share
    from credits
    inner join conversions on credits.conversion_number = conversions.conversion_number

),

share_ranks as (

    select
        *,
        row_number() over (
            partition by model_number, conversion_number
            order by share - floor(share) desc, tie_breaker
        ) as remainder_rank,
        revenue_units - sum(floor(share)) over (partition by model_number, conversion_number) as units_left
    from shares

),

attributed as (

    select
        attribution_models.attribution_model,
        paths.conversion_id,
        paths.touchpoint_id,
        share_ranks.credit,
        cast(
            (floor(share_ranks.share) + case when share_ranks.remainder_rank <= share_ranks.units_left then 1 else 0 end)
            * {{ minor_unit() }} as decimal(18, 4)
        ) as attributed_revenue,
        paths.channel,
        paths.campaign
    from share_ranks
    inner join attribution_models on share_ranks.model_number = attribution_models.model_number
    inner join paths
        on share_ranks.conversion_number = paths.conversion_number
        and share_ranks.touch_number = paths.touch_number

),

with_credit as (

    select distinct
        model_number,
        conversion_number
    from credits

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
        on conversions.conversion_number = with_credit.conversion_number
        and attribution_models.model_number = with_credit.model_number
    where with_credit.conversion_number is null

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
    conversion_id,
    touchpoint_id,
    attribution_model,
    channel,
    {{ label_columns(labels) }},
    campaign,
    credit,
    attributed_revenue
from {{ with_labels('attribution', labels) }} as attribution
{{ in_order_of('conversion_id, attribution_model, touchpoint_id') }}
