select framework, label_en, label_vi, description_en, description_vi, is_primary
from marts.dim_frameworks
where framework <> 'unknown'
order by is_primary desc, framework
