-- the persona whose rate of going on differs most surely from that of all other named personas together: first where the intervals do not
-- meet, then by the difference in standard errors
with rates as (
    select
        stage, rank, label_en as stage_en, label_vi as stage_vi, dimension_value as persona, entered, converted,
        sum(entered) over (partition by stage) - entered as others, sum(converted) over (partition by stage) - converted as others_converted,
        conversion_rate, rate_low, rate_high
    from marts.kpi_funnel
    where
        cohort = 'all' and dimension = 'persona' and dimension_value <> 'unknown'
        and framework = (select framework from marts.dim_frameworks where is_primary)
),

-- Wilson (1927)
compared as (
    select
        *, others_converted * 1.0 / others as rate_of_others,
        (others_converted + 1.920729 - 1.959964 * sqrt(others_converted * (others - others_converted) * 1.0 / others + 0.960365)) / (others + 3.841459) as others_low,
        (others_converted + 1.920729 + 1.959964 * sqrt(others_converted * (others - others_converted) * 1.0 / others + 0.960365)) / (others + 3.841459) as others_high
    from rates
    where others >= 30 and entered >= 30
),

judged as (
    select
        *, case when rate_low > others_high or rate_high < others_low then 'clear' else 'chance' end as persona_verdict,
        abs(conversion_rate - rate_of_others) / nullif(sqrt(
            (converted + others_converted) * (entered + others - converted - others_converted) * 1.0
            / ((entered + others) * (entered + others)) * (1.0 / entered + 1.0 / others)
        ), 0) as standard_errors
    from compared
    where conversion_rate is not null
)

select judged.*, personas.label_en, personas.label_vi
from judged
inner join marts.dim_personas as personas using (persona)
where judged.standard_errors > 0
order by judged.persona_verdict desc, judged.standard_errors desc, judged.persona, judged.rank
limit 1
