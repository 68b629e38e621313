-- how the KPIs of stages and actions are written
with kpis as (

    select kpi_name from marts.dim_framework_stages
    union
    select kpi_name from marts.journey_actions

)

select
    kpi_name,
    case
        when kpi_name in ('Revenue per person', 'Average order value') then 'money'
        when kpi_name like 'Hours%' then 'hours'
        when kpi_name like '%NPS%' then 'nps'
        when kpi_name like '% rate%' or kpi_name like '%CSAT%' then 'rate'
        when kpi_name = 'Persons who entered' then 'number'
        else 'ratio'
    end as format
from kpis
where kpi_name is not null
order by kpi_name
