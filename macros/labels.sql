{#-
    Labels and ranks beside what a mart shows, so that a chart reads and sorts without a join. A kind of labels is one of dim_labels.kind;
    that of a stage of a framework is framework_stage, of a column `dimension_value` the dimension beside it. What has no label shows
    itself. Of these kinds the order says something, and there is a rank.
-#}
{% macro ranked_kinds() -%}
    {{ return([
        'framework_stage', 'stage', 'stage_direction', 'department', 'order_status', 'deal_status', 'quote_status', 'referral_status',
        'action_status', 'dimension_with_stages',
    ]) }}
{%- endmacro %}

{#- Joins the labels of a value of one kind. -#}
{% macro join_labels(column, kind, value) -%}
left join {{ ref('dim_labels') }} as {{ column }}_labels
    on {{ kind }} = {{ column }}_labels.kind
    and {{ value }} = {{ column }}_labels.value
{%- endmacro %}

{#- What such a join gives: the label in both languages and, where it is ranked, the place. -#}
{% macro joined_labels(column, value, ranked=false) -%}
    {% if ranked %}{{ column }}_labels.rank as {{ column }}_rank,
    {% endif -%}
    {%- for language, all_of_them, nobody_knows in [('en', 'All', 'Unknown'), ('vi', 'Tất cả', 'Không rõ')] -%}
    coalesce(
        {{ column }}_labels.label_{{ language }},
        case {{ value }} when 'all' then '{{ all_of_them }}' when 'unknown' then '{{ nobody_knows }}' else {{ value }} end
    ) as {{ column }}_label_{{ language }}{{ ',\n    ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- A relation with the labels of its columns; `labels` maps a column to the kind of its values. -#}
{% macro with_labels(relation, labels) -%}
(
    select
        labelled.*,
        {%- for column, kind in labels.items() %}
        {{ joined_labels(column, 'labelled.' ~ column, kind in ranked_kinds()) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }} as labelled
    {%- for column, kind in labels.items() %}
    {% if kind in ['dimension', 'dimension_with_stages'] -%}
        {{ join_labels(
            column,
            "case when labelled.dimension in ('first_channel', 'entry_channel') then 'channel' else labelled.dimension end",
            'labelled.' ~ column,
        ) }}
    {%- elif kind == 'framework_stage' -%}
        {{ join_labels(column, "'framework_stage'", "labelled.framework || '.' || labelled." ~ column) }}
    {%- else -%}
        {{ join_labels(column, "'" ~ kind ~ "'", 'labelled.' ~ column) }}
    {%- endif %}
    {%- endfor %}
)
{%- endmacro %}

{#- The columns that with_labels has added, to select. -#}
{% macro label_columns(labels, relation=none) -%}
    {%- set prefix = relation ~ '.' if relation else '' -%}
    {%- for column, kind in labels.items() -%}
    {% if kind in ranked_kinds() %}{{ prefix }}{{ column }}_rank,
    {% endif -%}
    {{ prefix }}{{ column }}_label_en,
    {{ prefix }}{{ column }}_label_vi{{ ',\n    ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
