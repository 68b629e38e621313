-- Every person_id is a keyed hash. A raw identifier in its place would publish personal data.
select person_id
from {{ ref('dim_persons') }}
where person_id <> 'unknown' and not {{ regex_like('person_id', "'^[0-9a-f]{32}" ~ text_end() ~ "'") }}
