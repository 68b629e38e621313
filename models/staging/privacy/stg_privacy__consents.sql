{{ stage(
    'privacy', 'consents',
    rules={'unknown_status': "status not in ('granted', 'withdrawn')"}
) }}
