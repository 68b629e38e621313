with met as (

    select persona_shown as persona
    from {{ shown_texts(accepted('crm', 'contacts'), 'crm.contacts', ['persona']) }} as contacts
    where persona_shown <> 'unknown'
    union
    {# former personas of contacts #}
    select attribute_value as persona
    from {{ ref('int_person_attributes') }}
    where attribute = 'persona' and attribute_value <> 'unknown'

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
