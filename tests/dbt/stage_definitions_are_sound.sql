-- Each stage definition has the required columns and returns valid episodes. Otherwise persons would be in stages that they never reached.
-- The test raises an error that names file and problem, because a count of failed rows would not.
{%- set problems = stage_definition_problems() %}
{%- if problems -%}
    {{ exceptions.raise_compiler_error(problems | join('\n')) }}
{%- endif %}
select problem
from (select 'none' as problem) as problems
where problem <> 'none'
