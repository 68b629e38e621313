select persona, label_en, label_vi
from marts.dim_personas
order by persona
