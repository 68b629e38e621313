select
    framework,
    label_en,
    label_vi,
    coalesce(origin, 'unknown') as origin,
    description_en,
    description_vi,
    is_primary
from {{ ref('int_frameworks') }}
union all
select
    'unknown' as framework,
    'Unknown' as label_en,
    'Không rõ' as label_vi,
    'unknown' as origin,
    cast(null as string) as description_en,
    cast(null as string) as description_vi,
    false as is_primary
