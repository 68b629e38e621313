select cohort_month as moment, blended_cac as value, ltv_to_cac as beside, customers as n
from marts.kpi_unit_economics
where dimension = 'all' and attribution_model = 'last_touch' and is_complete and blended_cac is not null
order by moment
