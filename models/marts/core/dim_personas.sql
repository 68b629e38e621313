with met as (

    select distinct persona
    from {{ accepted('crm', 'contacts') }} as contacts
    where persona <> 'unknown'

)

select
    coalesce(personas.persona, met.persona) as persona,
    coalesce(personas.label_en, met.persona) as label_en,
    coalesce(personas.label_vi, met.persona) as label_vi
from {{ ref('personas') }} as personas
full outer join met on personas.persona = met.persona
union all
select
    'unknown' as persona,
    'Unknown' as label_en,
    'Không rõ' as label_vi
