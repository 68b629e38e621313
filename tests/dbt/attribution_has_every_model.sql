-- Every attribution model in dbt_project.yml has rows. A missing one would fail no other test.
{% for attribution_model in var('attribution_models') %}
select '{{ attribution_model }}' as attribution_model
where
    exists (select 1 from {{ ref('fct_conversions') }})
    and '{{ attribution_model }}' not in (select attribution_model from {{ ref('fct_attribution') }})
{{ 'union all' if not loop.last }}
{% endfor %}
