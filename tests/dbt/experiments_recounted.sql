-- Recounts conversions within the window after the first exposure, from exposures and conversions. What happened before the exposure, or
-- after the window, is not an effect of the variant.
with exposures as (

    select
        *,
        {{ microseconds_between('exposed_at', as_of()) }}
        >= {{ setting('experiment_window_days') }} * cast(86400000000 as bigint) as is_over
    from {{ ref('fct_experiment_exposures') }}
    where person_id <> 'unknown' and not is_bot and not is_in_several_variants

),

seen as (

    select
        experiment,
        variant,
        count(*) as persons,
        count(*) filter (where is_over) as mature_persons
    from exposures
    group by experiment, variant

),

converted as (

    select
        exposures.experiment,
        exposures.variant,
        conversions.conversion_type,
        count(distinct exposures.person_id) as conversions,
        sum(conversions.revenue) as revenue
    from exposures
    inner join {{ ref('fct_conversions') }} as conversions on exposures.person_id = conversions.person_id
    where
        exposures.is_over
        and {{ microseconds_between('exposures.exposed_at', 'conversions.converted_at') }} between 1
        and {{ setting('experiment_window_days') }} * cast(86400000000 as bigint)
    group by exposures.experiment, exposures.variant, conversions.conversion_type

),

rated as (

    select
        published.*,
        coalesce(seen.persons, 0) as seen_persons,
        coalesce(seen.mature_persons, 0) as seen_mature_persons,
        coalesce(converted.conversions, 0) as counted_conversions,
        coalesce(converted.revenue, 0) as counted_revenue,
        cast(coalesce(converted.conversions, 0) as double) / nullif(seen.mature_persons, 0) as rate
    from {{ ref('kpi_experiments') }} as published
    left join seen
        on published.experiment = seen.experiment
        and published.variant = seen.variant
    left join converted
        on published.experiment = converted.experiment
        and published.variant = converted.variant
        and published.conversion_type = converted.conversion_type

),

controls as (

    select
        experiment,
        conversion_type,
        max(rate) as rate
    from rated
    where is_control
    group by experiment, conversion_type
    having count(*) = 1

)

select concat_ws(' ', rated.experiment, rated.variant, rated.conversion_type) as problem
from rated
left join controls
    on rated.experiment = controls.experiment
    and rated.conversion_type = controls.conversion_type
    and not rated.is_control
where
    rated.persons <> rated.seen_persons
    or rated.mature_persons <> rated.seen_mature_persons
    or rated.conversions <> rated.counted_conversions
    or rated.revenue <> rated.counted_revenue
    or {{ differ('rated.rate', 'rated.conversion_rate') }}
    or {{ differ('(rated.rate - controls.rate) / nullif(controls.rate, 0)', 'rated.lift') }}
    or rated.lift not between rated.lift_low and rated.lift_high
    or {{ differ(
        'case when rated.revenue is not null then cast(rated.counted_revenue as double) / nullif(rated.seen_mature_persons, 0) end',
        'rated.revenue_per_person'
    ) }}
