{%- set scale -%}
(select max(scales.{bound}) from {{ ref('survey_scales') }} as scales where scales.survey_type = typed.survey_type)
{%- endset -%}

{{ stage(
    'feedback', 'survey_responses',
    rules={
        'unknown_survey_type': 'survey_type not in (select survey_type from ' ~ ref('survey_scales') ~ ')',
        'score_out_of_scale': 'score not between coalesce(scale_min, ' ~ scale.replace('{bound}', 'scale_min') ~ ')
            and coalesce(scale_max, ' ~ scale.replace('{bound}', 'scale_max') ~ ')',
    }
) }}
