-- good and bad: the highest and the lowest rate of the stages in order, and an emotion whose interval leaves out zero; mature: the number
-- of persons that the rate is based on; for the period `all` those of the mature months
with months as (
    select
        framework, customer_type, persona, stage, sum(entered) as mature_entered, sum(converted) as mature_converted
    from marts.journey_map
    where period_type = 'month' and is_mature
    group by framework, customer_type, persona, stage
),

counted as (
    select
        cells.*, stages.is_in_funnel,
        case when cells.period_type = 'all' then months.mature_entered when cells.is_mature then cells.entered end as mature_entered,
        case when cells.period_type = 'all' then months.mature_converted when cells.is_mature then cells.converted end as mature_converted
    from marts.journey_map as cells
    inner join marts.dim_framework_stages as stages using (framework, stage)
    left join months using (framework, customer_type, persona, stage)
    where cells.rank > 0
),

-- of a persona or customer type, what fewer than five persons, answers or orders say could reveal one of them
shown as (
    select
        *, customer_type = 'all' and persona = 'all' as is_of_all,
        coalesce(mature_entered >= 5, false) as has_rate, coalesce(converted >= 5, false) as has_time,
        coalesce(case kpi_name when 'Persons who entered' then kpi_value else kpi_denominator end >= 5, false) as has_kpi
    from counted
),

cells as (
    select
        * replace (
            case when is_of_all or has_rate then mature_entered end as mature_entered,
            case when is_of_all or has_rate then mature_converted end as mature_converted,
            case when is_of_all or has_rate then conversion_rate end as conversion_rate,
            case when is_of_all or has_rate then rate_low end as rate_low, case when is_of_all or has_rate then rate_high end as rate_high,
            case when is_of_all or has_time then median_hours_to_next end as median_hours_to_next,
            case when is_of_all or has_kpi then kpi_value end as kpi_value
        ),
        is_in_funnel and (is_of_all or has_rate) and conversion_rate is not null and persons >= 5 as is_compared
    from shown
)

select
    framework, customer_type, persona, period, stage, rank, persons, entered, converted, dropped, is_mature,
    mature_entered, mature_converted, conversion_rate, rate_low,
    rate_high, median_hours_to_next, median_hours_in_stage, emotion_score, emotion_low, emotion_high, emotion_responses, kpi_value,
    case
        when conversion_rate is null then null
        when not is_compared or count(*) filter (where is_compared) over selection < 3 then 'neutral'
        when conversion_rate = min(conversion_rate) filter (where is_compared) over selection then 'bad'
        when conversion_rate = max(conversion_rate) filter (where is_compared) over selection then 'good'
        else 'neutral'
    end as rate_tone,
    case when emotion_low > 0 then 'good' when emotion_high < 0 then 'bad' when emotion_score is not null then 'neutral' end as emotion_tone
from cells
window selection as (partition by framework, customer_type, persona, period)
order by framework, customer_type, persona, period, rank
