{{ stage(
    'privacy', 'erasure_requests',
    rules={'unknown_identifier_type': "identifier_type not in ('email', 'phone', 'contact_id')"}
) }}
