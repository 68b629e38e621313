{#-
    Episodes from signals: an episode opens at a signal, stays open while the next signal follows within `days`, and ends `days` after
    its last signal.

    Parameters: signals, the name of a CTE of person_key, occurred_at and evidence; days, a number or expression; without it an
      episode opens at the first signal and lasts.
    Returns: a select of person_key, entered_at, left_at (null = lasting) and evidence, that of the first signal.
    Example: {{ episodes('signals', days=setting('interest_days')) }}
    Do not simplify: the opening signal must come first among equal signals of one moment. Otherwise the other one would become an
      episode of its own, without evidence.
-#}
{% macro episodes(signals, days=none) -%}
{%- if days is none %}
select
    person_key,
    occurred_at as entered_at,
    cast(null as timestamp) as left_at,
    evidence
from (
    select
        *,
        row_number() over (partition by person_key order by occurred_at, evidence) as signal_number
    from {{ signals }}
) as numbered
where signal_number = 1
{%- else %}
select
    person_key,
    min(occurred_at) as entered_at,
    {{ add_days('max(occurred_at)', days) }} as left_at,
    max(case when is_opening then evidence end) as evidence
from (
    select
        *,
        sum(case when is_opening then 1 else 0 end) over (
            partition by person_key
            order by occurred_at, evidence, case when is_opening then 0 else 1 end
            rows between unbounded preceding and current row
        ) as episode_number
    from (
        select
            *,
            coalesce(
                occurred_at > {{ add_days('lag(occurred_at) over (partition by person_key order by occurred_at, evidence)', days) }},
                true
            ) as is_opening
        from {{ signals }}
    ) as compared
) as numbered
group by person_key, episode_number
{%- endif %}
{%- endmacro %}

{#-
    Version of a stage definition: md5 of the source of its model and of the seeds that it reads. It changes with every edit of the
    file, comments included.
-#}
{% macro definition_version(stage) -%}
    {%- if execute -%}
        {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ stage] -%}
        {%- set parts = [node.raw_code] -%}
        {%- for parent in node.depends_on.nodes | sort if parent in graph.nodes and graph.nodes[parent].resource_type == 'seed' -%}
            {%- do parts.append(graph.nodes[parent].checksum.checksum) -%}
        {%- endfor -%}
        {{ return(local_md5(parts | join('|'))) }}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{#- All words that stage definitions write between quotation marks, such as the event types that they name. -#}
{% macro words_of_definitions() -%}
    {%- set words = [] -%}
    {%- if execute -%}
        {%- for definition in var('stage_definitions') -%}
            {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ definition] -%}
            {%- do words.extend(modules.re.findall("'([A-Za-z0-9_ .:/-]+)'", node.raw_code)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(words | unique | sort) }}
{%- endmacro %}

{#-
    Joins `stages`: the interval of the primary framework in which the person of a row stood at a given time.

    Parameters: relation, an alias with person_key; happened_at, its time column.
    Example: {{ join_stage_at('responses', 'responded_at') }}
-#}
{% macro join_stage_at(relation, happened_at) -%}
    left join {{ ref('int_primary_stages') }} as stages
        on {{ relation }}.person_key = stages.person_key
        and {{ relation }}.{{ happened_at }} >= stages.entered_at
        and ({{ relation }}.{{ happened_at }} < stages.exited_at or stages.exited_at is null)
{%- endmacro %}

{#-
    Joins `history`: what was known of the person of a row at a given time. Present knowledge would bias rates, because persons become
    known by buying. Whoever was not known yet has no row there: coalesce to 'unknown'.

    Parameters: relation, an alias with person_id; happened_at, its time column.
    Example: {{ join_known_at('conversions', 'converted_at') }}
-#}
{% macro join_known_at(relation, happened_at) -%}
    left join {{ ref('dim_persons_history') }} as history
        on {{ relation }}.person_id = history.person_id
        and {{ relation }}.{{ happened_at }} >= history.valid_from
        and ({{ relation }}.{{ happened_at }} < history.valid_to or history.valid_to is null)
{%- endmacro %}

{#-
    Last touch of a person before each of some moments.

    Parameters: moments, a CTE of person_key and moment, each pair once; comparison, '<' or '<=', whether a touch at the moment itself
      counts; condition, SQL on int_touchpoints that selects the touches that count.
    Returns: a select of person_key, moment, touchpoint_type and channel. Moments without a touch before them are absent.
    Do not simplify: a range join would compare every touch of a person with every moment. This is one pass over both in order of
      time.
-#}
{% macro last_touches(moments, comparison, condition) -%}
    with touches_and_moments as (

        select
            person_key,
            touched_at as moment,
            touchpoint_key,
            touchpoint_type,
            channel,
            1 as touches,
            {{ 0 if comparison == '<=' else 1 }} as place
        from {{ ref('int_touchpoints') }}
        where {{ condition }}
        union all
        select
            person_key,
            moment,
            cast(null as bigint) as touchpoint_key,
            cast(null as string) as touchpoint_type,
            cast(null as string) as channel,
            0 as touches,
            {{ 1 if comparison == '<=' else 0 }} as place
        from {{ moments }}

    ),

    numbered as (

        select
            *,
            sum(touches) over (
                partition by person_key
                order by moment, place, touchpoint_key
                rows between unbounded preceding and current row
            ) as touch_number
        from touches_and_moments

    )

    select
        moments.person_key,
        moments.moment,
        last_touches.touchpoint_type,
        last_touches.channel
    from numbered as moments
    inner join numbered as last_touches
        on moments.person_key = last_touches.person_key
        and moments.touch_number = last_touches.touch_number
    where moments.touches = 0 and last_touches.touches = 1
{%- endmacro %}

{#-
    Key of a state: the combination of stages that a person has open. Each person and moment is joined by it, so it is a number.

    Parameters: overriding, the mask of CRM overrides; open_definitions, the mask of open definitions. The columns overrides and scope
      must exist beside them.
-#}
{% macro state_key(overriding, open_definitions) -%}
    {{ hash_number("concat_ws(' ', cast(overrides as string), cast(scope as string), cast(" ~ overriding ~ " as string), cast(" ~ open_definitions ~ " as string))") }}
{%- endmacro %}

{#-
    Direction of a transition: backward, reentry, forward or skip.

    Parameters: entry_number, how often the person has entered the stage so far; stage and stage_before, relations with the rank and
      the steps (int_framework_stages) of the stage entered and of the one left.
    Example: {{ stage_direction('entries.entry_number', 'stages', 'stages_before') }} as direction
-#}
{% macro stage_direction(entry_number, stage, stage_before) -%}
    case
        when {{ stage }}.rank < {{ stage_before }}.rank then 'backward'
        when {{ entry_number }} > 1 then 'reentry'
        when {{ stage }}.steps - {{ stage_before }}.steps <= 1 then 'forward'
        else 'skip'
    end
{%- endmacro %}
