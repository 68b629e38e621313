{{ stage(
    'crm', 'deals',
    rules={'unknown_status': "status not in ('open', 'won', 'lost')"}
) }}
