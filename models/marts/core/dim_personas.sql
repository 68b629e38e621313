with encountered as (

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
    coalesce(personas.persona, encountered.persona) as persona,
    coalesce(personas.label_en, encountered.persona) as label_en,
    coalesce(personas.label_vi, encountered.persona) as label_vi
from {{ ref('personas') }} as personas
full outer join encountered on personas.persona = encountered.persona
union all
select
    'unknown' as persona,
    'Unknown' as label_en,
    'Không rõ' as label_vi
