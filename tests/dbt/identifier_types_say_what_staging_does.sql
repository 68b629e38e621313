-- seeds/identifier_types documents how identifiers are normalised. For e-mails and phones staging goes by the name of the type, so the seed
-- must say the same.
select identifier_type
from {{ ref('identifier_types') }}
where normalised_as <> case when identifier_type in ('email', 'phone') then identifier_type else 'as_is' end
