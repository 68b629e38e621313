{#- Kinds of labels whose values have an order. with_labels adds a rank column for these only. -#}
{% macro ranked_kinds() -%}
    {{ return([
        'framework_stage', 'stage', 'stage_direction', 'department', 'order_status', 'deal_status', 'quote_status', 'referral_status',
        'action_status', 'dimension_with_stages',
    ]) }}
{%- endmacro %}

{#-
    Joins the labels of a value.

    Parameters: column, from which the alias is made; kind and value, expressions compared with those of dim_labels.
-#}
{% macro join_labels(column, kind, value) -%}
left join {{ ref('dim_labels') }} as {{ column }}_labels
    on {{ kind }} = {{ column }}_labels.kind
    and {{ value }} = {{ column }}_labels.value
{%- endmacro %}

{#-
    Select list after join_labels: COLUMN_label_en, COLUMN_label_vi and, if ranked, COLUMN_rank. A value without a label is its own
    label.
-#}
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

{#-
    A relation with labels beside its values, so that a chart reads and sorts without a join.

    Parameters: relation; labels, a dict from column to kind of label (dim_labels.kind). Kind framework_stage needs the column
      framework beside it; for kind dimension the kind is read from the column dimension beside it.
    Example: {{ with_labels('positions', {'stage': 'framework_stage'}) }}
-#}
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

{#-
    Names of the columns that with_labels added, for a select list. Parameters: the same labels dict; relation, an optional alias.
-#}
{% macro label_columns(labels, relation=none) -%}
    {%- set prefix = relation ~ '.' if relation else '' -%}
    {%- for column, kind in labels.items() -%}
    {% if kind in ranked_kinds() %}{{ prefix }}{{ column }}_rank,
    {% endif -%}
    {{ prefix }}{{ column }}_label_en,
    {{ prefix }}{{ column }}_label_vi{{ ',\n    ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
