-- A row of seeds/known_texts.csv for a column that is not under the rule of free text shows nothing: its name is misspelled.
{%- set names = free_text_names() | join("', '") %}
select source_column
from {{ ref('known_texts') }}
where source_column not in ('{{ names }}')
