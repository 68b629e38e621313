select
    channel,
    label_en,
    label_vi,
    ownership,
    is_online
from {{ ref('channels') }}
