select met_in, value_met, row_count
from marts.audit_unmapped
order by row_count desc, met_in, value_met
limit 200
