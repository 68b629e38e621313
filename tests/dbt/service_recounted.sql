-- Recounts response and resolution times from the tickets. A mean, another starting time or another target would still give plausible
-- numbers.
with tickets as (

    select
        *,
        {{ month_of('opened_date') }} as month_start,
        case
            when first_response_at < opened_at then cast(0 as bigint)
            when first_response_at is not null then {{ microseconds_between('opened_at', 'first_response_at') }}
        end as response_microseconds,
        case
            when resolved_at < opened_at then cast(0 as bigint)
            when resolved_at is not null then {{ microseconds_between('opened_at', 'resolved_at') }}
        end as resolution_microseconds,
        {{ add_minutes('opened_at', '60 * ' ~ setting('first_response_hours')) }} as target_at
    from {{ ref('fct_tickets') }}

),

middle_responses as (

    {{ middle_hours('tickets', 'month_start', 'response_microseconds') }}

),

middle_resolutions as (

    {{ middle_hours('tickets', 'month_start', 'resolution_microseconds') }}

),

counted as (

    select
        month_start,
        count(*) as tickets,
        count(*) filter (where first_response_at <= target_at) as within_target,
        {# an unanswered ticket within the target cannot be judged yet #}
        count(*) filter (where first_response_at is not null or target_at < {{ as_of() }}) as target_tickets
    from tickets
    group by month_start

)

select cast(coalesce(published.month_start, counted.month_start) as string) as problem
from (
    select * from {{ ref('kpi_service') }}
    where dimension = 'all'
) as published
full outer join counted on published.month_start = counted.month_start
left join middle_responses on published.month_start = middle_responses.month_start
left join middle_resolutions on published.month_start = middle_resolutions.month_start
where
    coalesce(published.tickets, 0) <> coalesce(counted.tickets, 0)
    or published.within_target <> coalesce(counted.within_target, 0)
    or published.target_tickets <> coalesce(counted.target_tickets, 0)
    or {{ differ('cast(counted.within_target as double) / nullif(counted.target_tickets, 0)', 'published.within_target_rate') }}
    or {{ differ('middle_responses.middle_hours', 'published.median_first_response_hours') }}
    or {{ differ('middle_resolutions.middle_hours', 'published.median_resolution_hours') }}
