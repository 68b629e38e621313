-- Every row of seeds/known_texts.csv names a column whose free text is masked. A row with another column has no effect: its name is
-- probably misspelled.
{%- set names = free_text_names() | join("', '") %}
select source_column
from {{ ref('known_texts') }}
where source_column not in ('{{ names }}')
