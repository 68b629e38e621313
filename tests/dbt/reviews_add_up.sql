-- Every review is counted once and has a sentiment; otherwise ratings would move unnoticed.
with counted as (

    select sum(reviews) as reviews
    from {{ ref('kpi_reviews') }}
    where dimension = 'all'

)

select concat_ws(' ', cast(month_start as string), dimension, dimension_value) as problem
from {{ ref('kpi_reviews') }}
where positive + neutral + negative <> reviews
union all
select 'reviews that are in no month' as problem
from counted
where coalesce(reviews, 0) <> (select count(*) from {{ accepted('feedback', 'reviews') }} as accepted_reviews)
