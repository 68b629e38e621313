{{ stage(
    'crm', 'lifecycle_changes',
    rules={'unmapped_stage': 'stage not in (select crm_stage from ' ~ ref('crm_stage_map') ~ ')'}
) }}
