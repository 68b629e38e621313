select
    lead_source_group,
    label_en,
    label_vi
from {{ ref('lead_source_groups') }}
