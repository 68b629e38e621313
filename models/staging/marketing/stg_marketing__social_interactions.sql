{{ stage(
    'marketing', 'social_interactions',
    rules={'sentiment_out_of_range': 'sentiment not between -1 and 1'}
) }}
