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

brought as (

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

told as (

    select * from {{ ref('attribution_performance') }}
    where attribution_model = '{{ setting('journey_map_attribution_model') }}'

)

select concat_ws(' ', told.month_basis, cast(told.month_start as string), told.channel, told.campaign, told.conversion_type) as problem
from told
left join brought
    on told.month_basis = brought.month_basis
    and told.month_start = brought.month_start
    and told.conversion_type = brought.conversion_type
    and told.channel = brought.channel
    and told.campaign = brought.campaign
left join spent
    on told.month_start = spent.month_start
    and told.channel = spent.channel
    and told.campaign = spent.campaign
where
    told.conversions <> coalesce(brought.credit, 0)
    or told.revenue <> coalesce(brought.revenue, 0)
    or told.spend <> coalesce(spent.cost, 0)
    or {{ differ('cast(spent.cost as double) / nullif(brought.credit, 0)', 'case when spent.cost > 0 then told.cost_per_conversion end') }}
    or {{ differ('cast(coalesce(brought.revenue, 0) as double) / nullif(spent.cost, 0)', 'told.roas') }}
    or {{ differ('cast(coalesce(brought.revenue, 0) as double) / nullif(spent.cost, 0) - 1', 'told.roi') }}
    or told.cac is distinct from case when told.conversion_type = 'customer' then told.cost_per_conversion end
