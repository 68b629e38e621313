{#-
    Problems of the stage definitions in the warehouse, for the test that guards each build (and for `journey check`, which runs it).

    Returns: a list of texts, one per problem: a missing column or wrong type, or a broken rule of episode_rules().
-#}
{% macro stage_definition_problems() -%}
    {#- The refs stand outside `if execute`, because dbt reads the dependencies of the test while it parses. -#}
    {%- set definitions = {} -%}
    {%- for stage in var('stage_definitions') -%}{%- do definitions.update({stage: ref(stage)}) -%}{%- endfor -%}
    {%- set persons = ref('int_persons') -%}
    {%- set problems = [] -%}
    {%- if execute and flags.WHICH in ['build', 'test'] -%}
        {%- set sound = {} -%}
        {%- for stage, relation in definitions.items() -%}
            {%- set lacking = column_problems(relation) -%}
            {%- if not lacking -%}{%- do sound.update({stage: relation}) -%}{%- endif -%}
            {%- for problem in lacking -%}{%- do problems.append(model_file(stage) ~ ': ' ~ problem) -%}{%- endfor -%}
        {%- endfor -%}
        {%- if sound -%}
            {%- do problems.extend(broken_rules(episode_problems(sound, persons), episode_rules())) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(problems) }}
{%- endmacro %}

{#-
    Checks that a stage definition has the four required columns with their types. Returns a list of messages, empty if all is well.
-#}
{% macro column_problems(relation) -%}
    {%- set wanted = {
        'person_key': ['bigint', ['bigint']],
        'entered_at': ['timestamp', ['timestamp']],
        'left_at': ['timestamp', ['timestamp']],
        'evidence': ['string', ['varchar', 'string']],
    } -%}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do types.update({column.name | lower: column.dtype | lower | replace('"', '')}) -%}
    {%- endfor -%}
    {%- set problems = [] -%}
    {%- for name, (type, accepted_types) in wanted.items() -%}
        {%- if name not in types -%}
            {%- do problems.append(
                'lacks the column ' ~ name ~ ' (a definition returns ' ~ wanted | join(', ') ~ ')'
            ) -%}
        {%- elif types[name] not in accepted_types -%}
            {%- do problems.append(
                'column ' ~ name ~ ' has type ' ~ types[name] ~ ' (write cast(… as ' ~ type ~ ') as ' ~ name ~ ')'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}

{#-
    Rules that the episodes of a stage definition must keep.

    Returns: rule name -> `is` (the SQL condition that breaks it), `one` and `many` (message for one episode and for several) and
      `mend` (what to do).
-#}
{% macro episode_rules() -%}
    {{ return({
        'has_no_person': {
            'is': 'episodes.person_key is null',
            'one': 'episode has no person_key', 'many': 'episodes have no person_key', 'mend': 'leave them out: where person_key is not null',
        },
        'has_no_beginning': {
            'is': 'episodes.entered_at is null',
            'one': 'episode has no entered_at', 'many': 'episodes have no entered_at', 'mend': 'leave them out: where entered_at is not null',
        },
        'has_no_evidence': {
            'is': 'episodes.evidence is null',
            'one': 'episode has no evidence', 'many': 'episodes have no evidence', 'mend': "say what says so: 'reason' as evidence",
        },
        'is_of_nobody': {
            'is': 'persons.person_key is null and episodes.person_key is not null',
            'one': 'episode belongs to a person who does not exist', 'many': 'episodes belong to persons who do not exist',
            'mend': 'take person_key from int_person_events or int_touchpoints',
        },
        'begins_after_as_of': {
            'is': 'episodes.entered_at > ' ~ as_of(),
            'one': 'episode begins after as-of', 'many': 'episodes begin after as-of', 'mend': 'leave them out: where entered_at <= {{ as_of() }}',
        },
        'ends_too_early': {
            'is': 'episodes.left_at < episodes.entered_at',
            'one': 'episode ends before it begins', 'many': 'episodes end before they begin', 'mend': 'look at how left_at is worked out',
        },
        'takes_no_time': {
            'is': 'episodes.left_at = episodes.entered_at',
            'one': 'episode ends when it begins', 'many': 'episodes end when they begin',
            'mend': 'leave them out: where left_at > entered_at or left_at is null',
        },
        'is_repeated': {
            'is': 'episodes.copies > 1',
            'one': 'episode is returned more than once', 'many': 'episodes are returned more than once',
            'mend': 'select distinct, or look for a join that multiplies rows',
        },
    }) }}
{%- endmacro %}

{#-
    Counts how often each stage definition breaks each rule of episode_rules().

    Parameters: definitions, a dict from stage to relation; persons, the relation int_persons.
    Returns: a select with one row per definition: its name and one count per rule.
-#}
{% macro episode_problems(definitions, persons) -%}
with returned as (

    {%- for stage, relation in definitions.items() %}
    select '{{ stage }}' as definition, person_key, entered_at, left_at, evidence from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

episodes as (

    select
        definition,
        person_key,
        entered_at,
        left_at,
        evidence,
        count(*) as copies
    from returned
    group by definition, person_key, entered_at, left_at, evidence

)

select
    episodes.definition
    {%- for name, rule in episode_rules().items() %},
    count_if({{ rule.is }}) as {{ name }}
    {%- endfor %}
from episodes
left join {{ persons }} as persons on episodes.person_key = persons.person_key
group by episodes.definition
order by episodes.definition
{%- endmacro %}
