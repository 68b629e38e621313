-- A model that dbt_project.yml names and that no row shows would fail no other test.
{% for attribution_model in var('attribution_models') %}
select '{{ attribution_model }}' as attribution_model
where
    exists (select 1 from {{ ref('fct_conversions') }})
    and not exists (select 1 from {{ ref('fct_attribution') }} where attribution_model = '{{ attribution_model }}')
{{ 'union all' if not loop.last }}
{% endfor %}
