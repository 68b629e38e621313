{{ stage(
    'orders', 'order_items',
    rules={'negative_quantity': 'quantity < 0'}
) }}
