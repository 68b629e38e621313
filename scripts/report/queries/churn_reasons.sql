select churn.churn_type, churn.reason, reasons.label_en, reasons.label_vi, sum(churn.churned) as churned, sum(churn.mrr_lost) as mrr_lost
from marts.kpi_churn as churn
left join marts.dim_churn_reasons as reasons using (reason)
where churn.reason <> 'all' and churn.churn_type <> 'all' and churn.is_complete
group by all
having sum(churn.churned) > 0
order by churned desc, churn.churn_type, churn.reason
