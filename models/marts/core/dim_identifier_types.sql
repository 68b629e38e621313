with encountered as (

    select distinct {{ shown_text('identifiers.identifier_type', 'texts') }} as identifier_type
    from {{ ref('int_person_identifiers') }} as identifiers
    {{ join_shared_identifier_type('texts', 'identifiers') }}
    where identifiers.identifier_type <> 'unknown'

)

select
    coalesce(identifier_types.identifier_type, encountered.identifier_type) as identifier_type,
    coalesce(identifier_types.label_en, encountered.identifier_type) as label_en,
    coalesce(identifier_types.label_vi, encountered.identifier_type) as label_vi,
    coalesce(identifier_types.normalised_as, 'as_is') as normalised_as,
    coalesce(identifier_types.counts_as_link, false) as counts_as_link,
    coalesce(identifier_types.is_known_person, false) as is_known_person
from {{ ref('identifier_types') }} as identifier_types
full outer join encountered on identifier_types.identifier_type = encountered.identifier_type
union all
select
    'unknown' as identifier_type,
    'Unknown' as label_en,
    'Không rõ' as label_vi,
    'as_is' as normalised_as,
    false as counts_as_link,
    false as is_known_person
