select
    reason,
    label_en,
    label_vi
from {{ ref('churn_reasons') }}
