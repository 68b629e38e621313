with moments as (

    select
        changes.person_key,
        persons.person_id,
        changes.moved_at as moment
    from {{ ref('int_person_masks') }} as changes
    inner join {{ ref('int_persons') }} as persons on changes.person_key = persons.person_key

),

revenues as (

    select
        person_key,
        moment,
        is_moment,
        sum(revenue) over (
            partition by person_key
            order by moment desc
        ) as revenue
    from (
        select person_key, moment, true as is_moment, cast(0 as decimal(18, 4)) as revenue from moments
        union all
        select persons.person_key, conversions.converted_at as moment, false as is_moment, conversions.revenue
        from {{ ref('fct_conversions') }} as conversions
        inner join {{ ref('int_persons') }} as persons on conversions.person_id = persons.person_id
    ) as moments_and_conversions

)

select
    moments.person_key,
    moments.moment,
    {# as known at that moment: present knowledge would bias conversion rates, because persons become known by buying #}
    coalesce(history.customer_type, 'unknown') as customer_type,
    coalesce(history.persona, 'unknown') as persona,
    {{ segment_key("coalesce(history.customer_type, 'unknown')", "coalesce(history.persona, 'unknown')") }} as segment_key,
    revenues.revenue as revenue_since
from moments
{{ join_known_at('moments', 'moment') }}
left join revenues
    on moments.person_key = revenues.person_key
    and moments.moment = revenues.moment
    and revenues.is_moment
