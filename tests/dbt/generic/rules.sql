{#-
    All row-level rules of a table in one query, because starting a test costs more than its query. Each row of the result is a broken rule
    with its column and the number of rows that break it; macros/broken_rules.sql reports them wherever the test runs.

      key                     columns of the key: unique and not null; by default `meta.grain` of the model
      may_be_null             columns of a key that may be null
      other_keys              further keys, each a list of columns
      not_null                columns that may not be null
      accepted_values         column: list of its allowed values
      relationships           column: ref('table') whose column of that name has each of its values, or {to: ref('table'), field: column}
      required_relationships  the same, and the column may not be null
-#}
{% test rules(model, key=none, may_be_null=[], other_keys=[], not_null=[], accepted_values={}, relationships={}, required_relationships={}) %}
{{ config(fail_calc='coalesce(sum(failed_rows), 0)') }}
{%- if execute -%}
{%- set keys = [key or grain_of(model)] + other_keys -%}
{%- set filled = not_null + keys | sum(start=[]) | reject('in', may_be_null) | list -%}

{#- each rule: its name, its column, and the expression that counts the rows that break it -#}
{%- set rules = [] -%}
{%- set conditions = [] -%}
{%- for column in filled | unique -%}
    {%- do rules.append(['not_null', column, 'counts.broken_' ~ conditions | length]) -%}
    {%- do conditions.append(column ~ ' is null') -%}
{%- endfor -%}
{%- for column, values in accepted_values.items() -%}
    {%- do rules.append(['accepted_values', column, 'counts.broken_' ~ conditions | length]) -%}
    {%- do conditions.append(column ~ " not in ('" ~ values | join("', '") ~ "')") -%}
{%- endfor -%}
{%- for columns in keys -%}
    {%- do rules.append(['unique', columns | join(', '), 'repeated_' ~ loop.index ~ '.failed_rows']) -%}
{%- endfor -%}
{%- set references = [] -%}
{%- for wanted, is_required in [(relationships, false), (required_relationships, true)] -%}
    {%- for column, target in wanted.items() -%}
        {%- set parent, field = (target, column) if target.identifier is defined else (target.to, target.field) -%}
        {%- do references.append([column, parent, field, is_required]) -%}
        {%- do rules.append(['relationships', column, 'lost_' ~ references | length ~ '.failed_rows']) -%}
    {%- endfor -%}
{%- endfor -%}

with counts as (

    select
        {%- for condition in conditions %}
        count(*) filter (where {{ condition }}) as broken_{{ loop.index0 }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}

),
{%- for columns in keys %}

repeated_{{ loop.index }} as (

    select coalesce(sum(row_count), 0) as failed_rows
    from (
        select count(*) as row_count
        from {{ model }}
        group by {{ columns | join(', ') }}
        having count(*) > 1
    ) as repeated_keys

),
{%- endfor %}
{%- for column, parent, field, is_required in references %}

lost_{{ loop.index }} as (

    select count(*) as failed_rows
    from {{ model }} as child
    left join {{ parent }} as parent on child.{{ column }} = parent.{{ field }}
    where parent.{{ field }} is null{{ '' if is_required else ' and child.' ~ column ~ ' is not null' }}

),
{%- endfor %}

judged as (

    select
        rules.rule,
        rules.column_name,
        case rules.number
            {%- for rule in rules %}
            when {{ loop.index }} then {{ rule[2] }}
            {%- endfor %}
        end as failed_rows
    from (
        values
        {%- for rule in rules %}
        ({{ loop.index }}, '{{ rule[0] }}', '{{ rule[1] }}'){{ ',' if not loop.last }}
        {%- endfor %}
    ) as rules (number, rule, column_name)
    cross join counts
    {%- for columns in keys %}
    cross join repeated_{{ loop.index }}
    {%- endfor %}
    {%- for reference in references %}
    cross join lost_{{ loop.index }}
    {%- endfor %}

)

select * from judged
where failed_rows > 0
order by rule, column_name
{%- endif -%}
{% endtest %}
