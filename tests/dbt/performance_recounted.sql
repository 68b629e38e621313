-- Recounts cost and result of a campaign by month, for one attribution model. ROI computed as ROAS, or a touchpoint booked in the month of
-- its conversion, would leave all totals unchanged.
with credits as (

    select
        conversions.conversion_type,
        attribution.channel,
        attribution.campaign,
        {{ month_of('conversions.converted_date') }} as conversion_month,
        {{ month_of('coalesce(touchpoints.touched_date, conversions.converted_date)') }} as touch_month,
        attribution.credit,
        attribution.attributed_revenue
    from {{ ref('fct_attribution') }} as attribution
    inner join {{ ref('fct_conversions') }} as conversions on attribution.conversion_id = conversions.conversion_id
    left join {{ ref('fct_touchpoints') }} as touchpoints on attribution.touchpoint_id = touchpoints.touchpoint_id
    where attribution.attribution_model = '{{ setting('journey_map_attribution_model') }}'

),

results as (

    {%- for basis in ['conversion_month', 'touch_month'] %}
    select
        '{{ basis }}' as month_basis,
        {{ basis }} as month_start,
        conversion_type,
        channel,
        campaign,
        sum(credit) as credit,
        sum(attributed_revenue) as revenue
    from credits
    group by {{ basis }}, conversion_type, channel, campaign
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

spent as (

    select
        {{ month_of('spend_date') }} as month_start,
        channel,
        campaign,
        sum(cost) as cost
    from {{ ref('fct_ad_spend') }}
    group by {{ month_of('spend_date') }}, channel, campaign

),

published as (

    select * from {{ ref('attribution_performance') }}
    where attribution_model = '{{ setting('journey_map_attribution_model') }}'

)

select
    concat_ws(
        ' ', published.month_basis, cast(published.month_start as string), published.channel, published.campaign, published.conversion_type
    ) as problem
from published
left join results
    on published.month_basis = results.month_basis
    and published.month_start = results.month_start
    and published.conversion_type = results.conversion_type
    and published.channel = results.channel
    and published.campaign = results.campaign
left join spent
    on published.month_start = spent.month_start
    and published.channel = spent.channel
    and published.campaign = spent.campaign
where
    published.conversions <> coalesce(results.credit, 0)
    or published.revenue <> coalesce(results.revenue, 0)
    or published.spend <> coalesce(spent.cost, 0)
    or {{ differ(
        'cast(coalesce(spent.cost, 0) as double) / nullif(results.credit, 0)',
        'published.cost_per_conversion'
    ) }}
    or {{ differ('cast(coalesce(results.revenue, 0) as double) / nullif(spent.cost, 0)', 'published.roas') }}
    or {{ differ('cast(coalesce(results.revenue, 0) as double) / nullif(spent.cost, 0) - 1', 'published.roi') }}
    or published.cac is distinct from case when published.conversion_type = 'customer' then published.cost_per_conversion end
