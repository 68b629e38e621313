-- A row of seeds/known_texts.csv for a column that is not under the rule of free text shows nothing: its name is misspelled.
select source_column
from {{ ref('known_texts') }}
where source_column not in ('{{ free_text_names() | join("', '") }}')
