with models as (

    {%- for attribution_model in var('attribution_models') %}
    select '{{ attribution_model }}' as attribution_model
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    models.attribution_model,
    coalesce(labels.label_en, models.attribution_model) as label_en,
    coalesce(labels.label_vi, models.attribution_model) as label_vi,
    coalesce(labels.is_data_driven, false) as is_data_driven,
    labels.description_en,
    labels.description_vi
from models
left join {{ ref('attribution_model_labels') }} as labels on models.attribution_model = labels.attribution_model
union all
select
    'unknown' as attribution_model,
    'Unknown' as label_en,
    'Không rõ' as label_vi,
    false as is_data_driven,
    cast(null as string) as description_en,
    cast(null as string) as description_vi
