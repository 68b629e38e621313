with exposures as (

    select * from {{ ref('fct_experiment_exposures') }}
    where person_id <> 'unknown'

),

experiments as (

    select
        experiment,
        min(exposed_date) as first_exposed_date,
        max(exposed_date) as last_exposed_date,
        count(distinct case when is_in_several_variants then person_id end) as persons_in_both
    from exposures
    group by experiment

),

variants as (

    select
        experiment,
        variant,
        bool_or(is_control) as is_control,
        count(*) filter (where not is_in_several_variants) as persons
    from exposures
    group by experiment, variant

),

{# the variants that were to be seen: those of the seed, else all that were #}
planned as (

    select
        splits.experiment,
        splits.variant,
        cast(splits.share as double) as share
    from {{ ref('experiment_splits') }} as splits
    inner join experiments on splits.experiment = experiments.experiment
    union all
    select
        variants.experiment,
        variants.variant,
        cast(1 as double) as share
    from variants
    where variants.experiment not in (select listed.experiment from {{ ref('experiment_splits') }} as listed)

),

expected as (

    select
        coalesce(planned.experiment, variants.experiment) as experiment,
        coalesce(variants.persons, 0) as persons,
        planned.share / sum(planned.share) over (partition by coalesce(planned.experiment, variants.experiment))
        * sum(coalesce(variants.persons, 0)) over (partition by coalesce(planned.experiment, variants.experiment)) as expected_persons
    from planned
    full outer join variants
        on planned.experiment = variants.experiment
        and planned.variant = variants.variant

),

deviations as (

    select
        experiment,
        count(*) - 1 as degrees,
        {# of a variant that was not planned nothing was expected, so there is no test #}
        case
            when count(*) = count(expected_persons) and min(expected_persons) > 0
                then sum((persons - expected_persons) * (persons - expected_persons) / expected_persons)
        end as chi_square
    from expected
    group by experiment

),

sample_ratios as (

    select
        experiment,
        chi_square,
        {{ chi_square_upper_tail('chi_square', 'degrees') }} as p_value
    from deviations

),

converted as (

    select
        exposures.experiment,
        exposures.variant,
        conversions.conversion_type,
        count(distinct exposures.person_id) as conversions
    from exposures
    inner join {{ ref('fct_conversions') }} as conversions
        on exposures.person_id = conversions.person_id
        and conversions.converted_at > exposures.exposed_at
    where not exposures.is_in_several_variants
    group by exposures.experiment, exposures.variant, conversions.conversion_type

),

rated as (

    select
        variants.experiment,
        variants.variant,
        types.conversion_type,
        variants.is_control,
        variants.persons,
        coalesce(converted.conversions, 0) as conversions,
        {{ share_of('coalesce(converted.conversions, 0)', 'variants.persons') }} as conversion_rate
    from variants
    cross join {{ ref('conversion_types') }} as types
    left join converted
        on variants.experiment = converted.experiment
        and variants.variant = converted.variant
        and types.conversion_type = converted.conversion_type

),

{# against which control a variant is to be held must be plain #}
controls as (

    select
        experiment,
        conversion_type,
        max(persons) as persons,
        max(conversions) as conversions,
        max(conversion_rate) as conversion_rate
    from rated
    where is_control
    group by experiment, conversion_type
    having count(*) = 1

),

compared as (

    select
        rated.*,
        controls.conversion_rate as control_rate,
        rated.conversion_rate / nullif(controls.conversion_rate, 0) as ratio,
        {# the standard error of the ratio's logarithm (Katz and others 1978); without a conversion on either side it has none #}
        sqrt(
            cast(1 as double) / nullif(rated.conversions, 0) - cast(1 as double) / rated.persons
            + cast(1 as double) / nullif(controls.conversions, 0) - cast(1 as double) / controls.persons
        ) as log_error,
        {{ share_of('rated.conversions + controls.conversions', '(rated.persons + controls.persons)') }} as pooled_rate,
        cast(1 as double) / nullif(rated.persons, 0) + cast(1 as double) / nullif(controls.persons, 0) as reciprocals
    from rated
    left join controls
        on rated.experiment = controls.experiment
        and rated.conversion_type = controls.conversion_type
        and not rated.is_control

),

tested as (

    select
        *,
        (conversion_rate - control_rate) / nullif(sqrt(pooled_rate * (1 - pooled_rate) * reciprocals), 0) as z
    from compared

)

select
    tested.experiment,
    tested.variant,
    tested.conversion_type,
    tested.is_control,
    experiments.first_exposed_date,
    experiments.last_exposed_date,
    tested.persons,
    tested.conversions,
    tested.conversion_rate,
    {{ wilson_bound('tested.conversion_rate', 'tested.persons', '-') }} as conversion_rate_low,
    {{ wilson_bound('tested.conversion_rate', 'tested.persons', '+') }} as conversion_rate_high,
    tested.ratio - 1 as lift,
    tested.ratio * exp(-{{ z_95() }} * tested.log_error) - 1 as lift_low,
    tested.ratio * exp({{ z_95() }} * tested.log_error) - 1 as lift_high,
    tested.z,
    2 * {{ normal_upper_tail('abs(tested.z)') }} as p_value,
    experiments.persons_in_both,
    sample_ratios.chi_square as sample_ratio_chi_square,
    sample_ratios.p_value as sample_ratio_p_value,
    coalesce(sample_ratios.p_value < {{ setting('sample_ratio_alarm') }}, false) as has_sample_ratio_mismatch
from tested
inner join experiments on tested.experiment = experiments.experiment
inner join sample_ratios on tested.experiment = sample_ratios.experiment
