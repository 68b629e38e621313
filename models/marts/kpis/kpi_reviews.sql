{%- set labels = {'dimension_value': 'dimension'} -%}

with reviews as (

    select
        reviews.*,
        {{ month_of('reviews.reviewed_date') }} as month_start,
        persons.customer_type,
        {{ microseconds_between('reviews.reviewed_at', 'reviews.replied_at') }} as microseconds_to_reply
    from {{ ref('fct_reviews') }} as reviews
    inner join {{ ref('dim_persons') }} as persons on reviews.person_id = persons.person_id

),

counted as (

    {{ by_dimension('reviews', ['platform', 'product_category', 'customer_type'], {
        'reviews': 'count(*)',
        'rating_sum': 'sum(rating)',
        'positive': "count(*) filter (where sentiment = 'positive')",
        'neutral': "count(*) filter (where sentiment = 'neutral')",
        'negative': "count(*) filter (where sentiment = 'negative')",
        'replied': 'count(*) filter (where is_replied)',
        'median_microseconds': 'median(case when microseconds_to_reply >= 0 then microseconds_to_reply end)',
    }) }}

),

rated as (

    select
        *,
        {{ share_of('positive', 'reviews') }} as positive_rate
    from counted

)

select
    month_start,
    dimension,
    dimension_value,
    {{ label_columns(labels) }},
    {{ is_complete_month('month_start') }} as is_complete,
    reviews,
    cast(rating_sum as decimal(38, 4)) as rating_sum,
    {{ share_of('rating_sum', 'reviews') }} as mean_rating,
    positive,
    neutral,
    negative,
    positive_rate,
    {{ wilson_bound('positive_rate', 'reviews', '-') }} as positive_rate_low,
    {{ wilson_bound('positive_rate', 'reviews', '+') }} as positive_rate_high,
    replied,
    {{ share_of('replied', 'reviews') }} as replied_rate,
    median_microseconds / cast(3600000000 as double) as median_reply_hours
from {{ with_labels('rated', labels) }} as rated
