select
    rfm_segment, rfm_label_en as label_en, rfm_label_vi as label_vi, count(*) as customers, sum(historical_revenue) as historical_revenue,
    sum(predicted_clv_12m) as predicted_clv_12m
from marts.kpi_clv
where rfm_segment is not null
group by all
having count(*) >= 5
order by customers desc, rfm_segment
