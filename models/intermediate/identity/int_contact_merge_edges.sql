select distinct
    least({{ identifier_key("'contact_id'", 'merged_contact_id') }}, {{ identifier_key("'contact_id'", 'surviving_contact_id') }}) as low,
    greatest({{ identifier_key("'contact_id'", 'merged_contact_id') }}, {{ identifier_key("'contact_id'", 'surviving_contact_id') }}) as high
from {{ ref('int_contact_merges') }}
