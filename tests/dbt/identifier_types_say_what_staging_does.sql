-- The seed is where an analyst reads how identifiers are made comparable; staging normalises e-mails and phones by their type's name.
select identifier_type
from {{ ref('identifier_types') }}
where normalised_as <> case when identifier_type in ('email', 'phone') then identifier_type else 'as_is' end
