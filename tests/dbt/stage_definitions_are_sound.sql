-- A definition that lacks a column, or returns episodes that cannot be, would put persons into stages where they never were.
-- It fails by an error, whose text names file and problem, where a row count would send the reader searching.
{%- set problems = stage_definition_problems() %}
{%- if problems -%}
    {{ exceptions.raise_compiler_error(problems | join('\n')) }}
{%- endif %}
select problem
from (select 'none' as problem) as problems
where problem <> 'none'
