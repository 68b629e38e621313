-- all spend over all new customers is the same by every model; what paid channels cost is not
select
    economics.cohort_month as moment, economics.blended_cac as value, economics.ltv_to_cac, economics.customers as n, economics.paid_cac,
    economics.attribution_model, models.label_en as attribution_model_en, models.label_vi as attribution_model_vi
from marts.kpi_unit_economics as economics
inner join marts.dim_attribution_models as models using (attribution_model)
where
    economics.dimension = 'all' and economics.is_complete and economics.blended_cac is not null
    and economics.attribution_model = (
        select attribution_model from marts.kpi_unit_economics order by attribution_model <> 'last_touch', attribution_model limit 1
    )
order by moment
