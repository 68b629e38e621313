select
    touchpoint_type,
    label_en,
    label_vi,
    is_online,
    is_attributable_inbound,
    is_attributable_outbound
from {{ ref('touchpoint_types') }}
union all
select
    'unknown' as touchpoint_type,
    'Unknown' as label_en,
    'Không rõ' as label_vi,
    false as is_online,
    false as is_attributable_inbound,
    false as is_attributable_outbound
