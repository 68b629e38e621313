-- the persona whose conversion rate differs most from that of all other named personas together, if the two intervals do not overlap
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
)

select compared.*, personas.label_en, personas.label_vi
from compared
inner join marts.dim_personas as personas using (persona)
where compared.conversion_rate is not null and (compared.rate_low > compared.others_high or compared.rate_high < compared.others_low)
order by abs(compared.conversion_rate - compared.rate_of_others) desc, compared.persona, compared.rank
limit 1
