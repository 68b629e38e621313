select value as touchpoint_type, label_en, label_vi
from marts.dim_labels
where kind = 'touchpoint_type'
order by touchpoint_type
