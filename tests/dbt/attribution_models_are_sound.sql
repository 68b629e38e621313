-- A model that lacks a column, weighs a touch twice or below nothing, or forgets a path would move credit to where it does not belong.
-- It fails by an error, whose text names file and problem, where a row count would send the reader searching.
{%- set problems = attribution_model_problems() %}
{%- if problems -%}
    {{ exceptions.raise_compiler_error(problems | join('\n')) }}
{%- endif %}
select problem
from (select 'none' as problem) as problems
where problem <> 'none'
