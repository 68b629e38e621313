-- Each attribution model has the required columns, one weight per touchpoint that is not negative, and every path. Otherwise credit would
-- go to the wrong touchpoints. The test raises an error that names file and problem, because a count of failed rows would not.
{%- set problems = attribution_model_problems() %}
{%- if problems -%}
    {{ exceptions.raise_compiler_error(problems | join('\n')) }}
{%- endif %}
select problem
from (select 'none' as problem) as problems
where problem <> 'none'
