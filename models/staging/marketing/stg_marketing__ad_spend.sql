{{ stage(
    'marketing', 'ad_spend',
    add_up=true
) }}
