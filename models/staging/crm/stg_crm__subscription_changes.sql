{{ stage(
    'crm', 'subscription_changes',
    rules={'unknown_change_type': "change_type not in ('started', 'renewed', 'upgraded', 'downgraded', 'paused', 'cancelled')"}
) }}
