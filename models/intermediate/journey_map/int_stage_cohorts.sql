with first_entries as (

    select * from {{ ref('int_stage_first_entries') }}

),

{# entries of several frameworks often have the same timestamp, so revenue is summed once per timestamp #}
moments as (

    select distinct
        person_key,
        entered_at as moment
    from first_entries

),

{# the segment as known at entry: the present one would bias conversion rates, because persons become known by buying #}
segments as (

    select
        moments.person_key,
        moments.moment,
        {{ segment_key("coalesce(history.customer_type, 'unknown')", "coalesce(history.persona, 'unknown')") }} as segment_key
    from moments
    inner join {{ ref('int_persons') }} as persons on moments.person_key = persons.person_key
    left join {{ ref('dim_persons_history') }} as history
        on persons.person_id = history.person_id
        and moments.moment >= history.valid_from
        and (moments.moment < history.valid_to or history.valid_to is null)

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
    first_entries.person_key,
    first_entries.stage_number,
    segments.segment_key,
    first_entries.channel,
    first_entries.entered_at,
    {{ month_of('first_entries.entered_date') }} as entered_month,
    first_entries.exited_at,
    first_entries.converted_at,
    first_entries.outcome = 'converted' as is_converted,
    first_entries.outcome = 'dropped' as is_dropped,
    revenues.revenue as revenue_since
from first_entries
inner join segments
    on first_entries.person_key = segments.person_key
    and first_entries.entered_at = segments.moment
left join revenues
    on first_entries.person_key = revenues.person_key
    and first_entries.entered_at = revenues.moment
    and revenues.is_moment
