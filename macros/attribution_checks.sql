{#-
    Problems of the attribution models in the warehouse, for the test that guards each build (and for `journey check`, which runs it).

    Returns: a list of texts, one per problem: a missing column, or a broken rule of weight_rules().
-#}
{% macro attribution_model_problems() -%}
    {#- The refs stand outside `if execute`, because dbt reads the dependencies of the test while it parses. -#}
    {%- set models = {} -%}
    {%- for name in var('attribution_models') -%}{%- do models.update({name: ref(name)}) -%}{%- endfor -%}
    {%- set paths = ref('int_paths') -%}
    {%- set problems = [] -%}
    {%- if execute and flags.WHICH in ['build', 'test'] -%}
        {%- set sound = {} -%}
        {%- for name, relation in models.items() -%}
            {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
            {%- set lacking = ['conversion_number', 'touch_number', 'weight'] | reject('in', columns) | list -%}
            {%- if not lacking -%}{%- do sound.update({name: relation}) -%}{%- endif -%}
            {%- for column in lacking -%}
                {%- do problems.append(
                    model_file(name) ~ ': lacks the column ' ~ column ~ ' (a model returns conversion_number, touch_number, weight)'
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if sound -%}
            {%- do problems.extend(broken_rules(weight_problems(sound, paths), weight_rules())) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(problems) }}
{%- endmacro %}

{#-
    Rules that the weights of an attribution model must keep, as a dict in the order of weight_problems' columns.

    Returns: rule name -> `one` and `many` (message for one row and for several) and `mend` (what to do).
-#}
{% macro weight_rules() -%}
    {{ return({
        'without_weight': {
            'one': 'row has no weight', 'many': 'rows have no weight',
            'mend': 'a touch that is to get nothing weighs 0, or has no row'
        },
        'negative': {
            'one': 'weight is negative', 'many': 'weights are negative',
            'mend': 'a touch that is to get nothing weighs 0, or has no row'
        },
        'elsewhere': {
            'one': 'row credits a touch outside the path of its conversion', 'many': 'rows credit touches outside the path of their conversion',
            'mend': 'take conversion_number and touch_number from one row of int_paths'
        },
        'repeated': {
            'one': 'touch is returned more than once for its conversion', 'many': 'touches are returned more than once for their conversion',
            'mend': 'look for a join that multiplies rows'
        },
        'lost': {
            'one': 'conversion with a path gets no weight', 'many': 'conversions with a path get no weight',
            'mend': 'at least one touch of each path needs a weight above 0, or the conversion counts as unattributed'
        },
    }) }}
{%- endmacro %}

{#-
    Counts how often each attribution model breaks each rule of weight_rules().

    Parameters: models, a dict from name to relation; paths, the relation int_paths.
    Returns: a select with one row per model: its name and one count per rule.
-#}
{% macro weight_problems(models, paths) -%}
    {%- for name, relation in models.items() %}
    select
        '{{ name }}' as attribution_model,
        (select count(*) from {{ relation }} where weight is null) as without_weight,
        (select count(*) from {{ relation }} where weight < 0) as negative,
        (
            select count(*)
            from {{ relation }} as weights
            left join {{ paths }} as paths
                on weights.conversion_number = paths.conversion_number
                and weights.touch_number = paths.touch_number
            where paths.conversion_number is null
        ) as elsewhere,
        (
            select count(*)
            from (
                select conversion_number, touch_number from {{ relation }} group by conversion_number, touch_number having count(*) > 1
            ) as repeated_touches
        ) as repeated,
        (
            select count(*)
            from {{ paths }} as paths
            left join (select distinct conversion_number from {{ relation }} where weight > 0) as weights
                on paths.conversion_number = weights.conversion_number
            where paths.touch_number = 1 and weights.conversion_number is null
        ) as lost
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
