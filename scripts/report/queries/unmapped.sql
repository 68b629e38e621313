select source_column, unmapped_value, row_count
from marts.audit_unmapped
order by row_count desc, source_column, unmapped_value
limit 200
