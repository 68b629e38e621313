-- A KPI that is on the journey map and in a KPI mart has the same numerator and denominator in each month in both, before the map places
-- its facts in stages. Of the kinds of surveys the map shows one: relational NPS and transactional CSAT, if there are any.
{%- set twins = [
    ('cart_abandonment_rate', 'kpi_cart', 'carts_abandoned', 'cart_sessions'),
    ('email_click_rate', 'kpi_email', 'clicked', 'delivered'),
    ('win_rate', 'kpi_pipeline', 'won_deals', 'won_deals + lost_deals'),
    ('repeat_purchase_rate', 'kpi_sales', 'repeat_orders', 'orders'),
    ('average_order_value', 'kpi_sales', 'net_revenue', 'orders'),
    ('on_time_delivery_rate', 'kpi_fulfilment', 'on_time', 'on_time + late'),
    ('nps', 'kpi_nps', '100 * (promoters - detractors)', 'responses'),
    ('csat', 'kpi_csat', 'satisfied', 'responses'),
    ('review_rating', 'kpi_reviews', 'rating_sum', 'reviews'),
] %}
{%- set main_kinds = {'nps': 'relational', 'csat': 'transactional'} %}
with on_the_map as (

    select
        item as kpi_name,
        period,
        sum(first_number) as numerator,
        sum(second_number) as denominator
    from {{ ref('int_journey_facts') }}
    where fact_type = 'kpi'
    group by item, period

),

in_marts as (

    {%- for kpi_name, mart, numerator, denominator in twins %}
    select
        '{{ kpi_name }}' as kpi_name,
        {{ period_number('month_start') }} as period,
        sum({{ numerator }}) as numerator,
        sum({{ denominator }}) as denominator
    from {{ ref(mart) }}
    where
        dimension = 'all'
        {%- if kpi_name in main_kinds %}
        and survey_kind = (
            select
                min_by(
                    kinds.survey_kind,
                    case kinds.survey_kind when '{{ main_kinds[kpi_name] }}' then '1' when 'unknown' then '3' else '2' end
                    || kinds.survey_kind
                )
            from {{ ref(mart) }} as kinds
            where kinds.responses > 0
        )
        {%- endif %}
    group by {{ period_number('month_start') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    coalesce(in_marts.kpi_name, on_the_map.kpi_name) as kpi_name,
    coalesce(in_marts.period, on_the_map.period) as period,
    in_marts.numerator,
    on_the_map.numerator as numerator_on_the_map,
    in_marts.denominator,
    on_the_map.denominator as denominator_on_the_map
from in_marts
full outer join on_the_map
    on in_marts.kpi_name = on_the_map.kpi_name
    and in_marts.period = on_the_map.period
where
    coalesce(in_marts.kpi_name, on_the_map.kpi_name) in (
        {%- for kpi_name, mart, numerator, denominator in twins %}
        '{{ kpi_name }}'{{ ',' if not loop.last }}
        {%- endfor %}
    )
    and (
        coalesce(in_marts.numerator, 0) <> coalesce(on_the_map.numerator, 0)
        or coalesce(in_marts.denominator, 0) <> coalesce(on_the_map.denominator, 0)
    )
