-- Recounts the mean rating of a month from its reviews. Taken over replied reviews only, the worst ones would weigh most.
with counted as (

    select
        {{ month_of('reviewed_date') }} as month_start,
        count(*) as reviews,
        sum(cast(rating as double)) / nullif(count(rating), 0) as mean_rating,
        count(*) filter (where rating >= 4) as positive,
        count(*) filter (where rating <= 2) as negative,
        count(replied_at) as replied
    from {{ ref('fct_reviews') }}
    group by {{ month_of('reviewed_date') }}

)

select cast(coalesce(published.month_start, counted.month_start) as string) as problem
from (
    select * from {{ ref('kpi_reviews') }}
    where dimension = 'all'
) as published
full outer join counted on published.month_start = counted.month_start
where
    published.reviews is distinct from counted.reviews
    or published.positive <> counted.positive
    or published.negative <> counted.negative
    or {{ differ('counted.mean_rating', 'published.mean_rating') }}
    or {{ differ('cast(counted.positive as double) / counted.reviews', 'published.positive_rate') }}
    or {{ differ('cast(counted.replied as double) / counted.reviews', 'published.replied_rate') }}
