{{ stage(
    'orders', 'orders',
    rules={'unmapped_status': 'status not in (select raw_status from ' ~ ref('order_status_map') ~ ')'}
) }}
