{{ stage(
    'feedback', 'survey_responses',
    rules={'unknown_survey_type': 'survey_type not in (select survey_type from ' ~ ref('survey_scales') ~ ')'}
) }}
