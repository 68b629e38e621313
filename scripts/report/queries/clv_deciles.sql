with deciles as (
    select
        clv_method, predicted_clv_12m, historical_revenue, ntile(10) over (order by predicted_clv_12m desc, person_id) as decile
    from marts.kpi_clv
    where predicted_clv_12m is not null
)

select
    decile, clv_method, count(*) as customers, sum(predicted_clv_12m) as predicted_clv_12m, sum(historical_revenue) as historical_revenue,
    -- of all customers, whatever the method
    sum(sum(predicted_clv_12m)) over (partition by decile) / sum(sum(predicted_clv_12m)) over () as share_of_value
from deciles
group by decile, clv_method
having count(*) >= 5
order by decile, clv_method
