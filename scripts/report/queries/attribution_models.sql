select attribution_model, label_en, label_vi, description_en, description_vi
from marts.dim_attribution_models
order by attribution_model
