select source_table, reason, count(*) as refused_rows
from marts.audit_quarantine
group by source_table, reason
order by refused_rows desc, source_table, reason
limit 200
