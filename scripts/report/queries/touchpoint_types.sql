select touchpoint_type, label_en, label_vi
from marts.dim_touchpoint_types
order by touchpoint_type
