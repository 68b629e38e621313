{#-
    Episodes from signals: an episode opens at a signal, stays open while another follows within `days`, and ends `days` after
    the last one. `signals` names a CTE of person_key, occurred_at, evidence; without `days` an episode lasts. Of equal signals of one
    moment the one that opens comes first: else the other would be an episode of its own, before it and without evidence.
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

{#- What the definition of a stage is made of: md5 of its source and of the seeds that it reads. -#}
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

{#- Joins `stages`: the interval of the primary framework in which the row's person stood at that moment. -#}
{% macro join_stage_at(relation, happened_at) -%}
    left join {{ ref('fct_stage_entries') }} as stages
        on stages.framework = '{{ setting('primary_framework') }}'
        and {{ relation }}.person_id = stages.person_id
        and {{ relation }}.{{ happened_at }} >= stages.entered_at
        and ({{ relation }}.{{ happened_at }} < stages.exited_at or stages.exited_at is null)
{%- endmacro %}

{#-
    The last touch of a person before each moment of `moments` (person_key and the column `moment`, each pair once), among the touches
    that `condition` lets count; `comparison` is < or <=, whether a touch in the moment itself is one before it.
-#}
{% macro last_touches(moments, moment, comparison, condition) -%}
    select
        moments.person_key,
        moments.{{ moment }},
        touchpoints.touchpoint_type,
        touchpoints.channel
    from {{ moments }} as moments
    inner join {{ ref('int_touchpoints') }} as touchpoints
        on moments.person_key = touchpoints.person_key
        and touchpoints.touched_at {{ comparison }} moments.{{ moment }}
    where {{ condition }}
    qualify row_number() over (
        partition by moments.person_key, moments.{{ moment }}
        order by touchpoints.touched_at desc, touchpoints.touchpoint_key desc
    ) = 1
{%- endmacro %}
