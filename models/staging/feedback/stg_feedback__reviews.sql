{{ stage(
    'feedback', 'reviews',
    rules={'rating_out_of_range': 'rating not between 1 and 5'}
) }}
