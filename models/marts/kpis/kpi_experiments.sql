{%- set window_end = add_days('exposed_at', setting('experiment_window_days')) -%}

with exposures as (

    select
        *,
        {{ window_end }} as window_ends_at,
        {# open windows are left out of the rates: recent exposures would count as failures #}
        {{ window_end }} <= {{ as_of() }} as is_mature
    from {{ ref('fct_experiment_exposures') }}
    where person_id <> 'unknown' and not is_bot

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
        count(*) filter (where not is_in_several_variants) as persons,
        count(*) filter (where is_mature and not is_in_several_variants) as mature_persons
    from exposures
    group by experiment, variant

),

{# planned split: from the seed, else an equal one over the variants seen #}
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
        {# an unplanned variant has no expected count, so the sample-ratio test is undefined #}
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

converters as (

    select
        exposures.experiment,
        exposures.variant,
        conversions.conversion_type,
        exposures.person_id,
        sum(conversions.revenue) as revenue
    from exposures
    inner join {{ ref('fct_conversions') }} as conversions
        on exposures.person_id = conversions.person_id
        and conversions.converted_at > exposures.exposed_at
        and conversions.converted_at <= exposures.window_ends_at
    where exposures.is_mature and not exposures.is_in_several_variants
    group by exposures.experiment, exposures.variant, conversions.conversion_type, exposures.person_id

),

converted as (

    select
        experiment,
        variant,
        conversion_type,
        count(*) as conversions,
        sum(revenue) as revenue
    from converters
    group by experiment, variant, conversion_type

),

rated as (

    select
        variants.experiment,
        variants.variant,
        types.conversion_type,
        variants.is_control,
        variants.persons,
        variants.mature_persons,
        coalesce(converted.conversions, 0) as conversions,
        {{ share_of('coalesce(converted.conversions, 0)', 'variants.mature_persons') }} as conversion_rate,
        case when types.has_revenue then coalesce(converted.revenue, 0) end as revenue,
        case when types.has_revenue then {{ share_of('coalesce(converted.revenue, 0)', 'variants.mature_persons') }} end as mean_revenue
    from variants
    cross join {{ ref('conversion_types') }} as types
    left join converted
        on variants.experiment = converted.experiment
        and variants.variant = converted.variant
        and types.conversion_type = converted.conversion_type

),

{# squared deviations of revenue from the mean, in a second pass: the difference of two large sums of squares would lose precision #}
deviations_of_converters as (

    select
        rated.experiment,
        rated.variant,
        rated.conversion_type,
        sum(
            (cast(converters.revenue as double) - rated.mean_revenue) * (cast(converters.revenue as double) - rated.mean_revenue)
        ) as squares
    from converters
    inner join rated
        on converters.experiment = rated.experiment
        and converters.variant = rated.variant
        and converters.conversion_type = rated.conversion_type
    group by rated.experiment, rated.variant, rated.conversion_type

),

measured as (

    select
        rated.*,
        {# squared standard error of the mean; persons who did not convert count with revenue 0 #}
        (
            coalesce(deviations_of_converters.squares, 0)
            + (rated.mature_persons - rated.conversions) * rated.mean_revenue * rated.mean_revenue
        ) / nullif(rated.mature_persons - 1, 0) / nullif(rated.mature_persons, 0) as mean_variance
    from rated
    left join deviations_of_converters
        on rated.experiment = deviations_of_converters.experiment
        and rated.variant = deviations_of_converters.variant
        and rated.conversion_type = deviations_of_converters.conversion_type

),

{# compare only where there is exactly one control #}
controls as (

    select
        experiment,
        conversion_type,
        max(mature_persons) as mature_persons,
        max(conversions) as conversions,
        max(conversion_rate) as conversion_rate,
        max(mean_revenue) as mean_revenue,
        max(mean_variance) as mean_variance
    from measured
    where is_control
    group by experiment, conversion_type
    having count(*) = 1

),

compared as (

    select
        measured.*,
        controls.mature_persons as control_persons,
        controls.conversions as control_conversions,
        controls.conversion_rate as control_rate,
        controls.mean_revenue as control_mean,
        controls.mean_variance as control_variance,
        measured.conversion_rate / nullif(controls.conversion_rate, 0) as ratio,
        {# standard error of the log ratio (Katz et al. 1978); undefined if either side has no conversion #}
        sqrt(
            cast(1 as double) / nullif(measured.conversions, 0) - cast(1 as double) / measured.mature_persons
            + cast(1 as double) / nullif(controls.conversions, 0) - cast(1 as double) / controls.mature_persons
        ) as log_error,
        {{ pooled_z('measured.conversions', 'measured.mature_persons', 'controls.conversions', 'controls.mature_persons') }} as pooled_z,
        {{ is_fisher_tested('measured.conversions', 'measured.mature_persons', 'controls.conversions', 'controls.mature_persons') }}
            as is_fisher_tested,
        measured.mean_revenue / case when controls.mean_revenue > 0 then controls.mean_revenue end as revenue_ratio,
        nullif(measured.mean_variance + controls.mean_variance, 0) as difference_variance,
        {# Welch-Satterthwaite degrees of freedom #}
        (measured.mean_variance + controls.mean_variance) * (measured.mean_variance + controls.mean_variance) / nullif(
            measured.mean_variance * measured.mean_variance / nullif(measured.mature_persons - 1, 0)
            + controls.mean_variance * controls.mean_variance / nullif(controls.mature_persons - 1, 0), 0
        ) as degrees
    from measured
    left join controls
        on measured.experiment = controls.experiment
        and measured.conversion_type = controls.conversion_type
        and not measured.is_control

),

tests as (

    select
        *,
        case when pooled_z is not null then case when is_fisher_tested then 'fisher_exact' else 'z_test' end end as test,
        {{ proportions_p_value('pooled_z', 'conversions', 'mature_persons', 'control_conversions', 'control_persons') }} as p_value,
        (mean_revenue - control_mean) / sqrt(difference_variance) as welch_t,
        case when difference_variance is not null then {{ z_95() }} end as critical_t_0,
        {{ power_z('(1.1e0 * control_rate)', 'mature_persons', 'control_rate', 'control_persons', '+') }} as power_near,
        {{ power_z('(1.1e0 * control_rate)', 'mature_persons', 'control_rate', 'control_persons', '-') }} as power_far
    from compared

),

{%- for round in range(4) %}

quantiles_{{ round + 1 }} as (

    select
        *,
        {{ t_95_step('critical_t_' ~ round, 'degrees') }} as critical_t_{{ round + 1 }}
    from {{ 'quantiles_' ~ round if round else 'tests' }}

),
{%- endfor %}

tested as (

    select
        *,
        case when test = 'z_test' then pooled_z end as z,
        case when difference_variance is not null then {{ t_p_value('abs(welch_t)', 'degrees') }} end as revenue_p_value,
        {# Fieller: not above 0 means that the control's mean could be 0, so the ratio has no bounds #}
        case
            when control_mean > 0 and control_mean * control_mean > critical_t_4 * critical_t_4 * control_variance
                then control_mean * control_mean - critical_t_4 * critical_t_4 * control_variance
        end as fieller_divisor
    from quantiles_4

),

adjusted as (

    select
        *,
        critical_t_4 * sqrt(mean_variance * fieller_divisor + mean_revenue * mean_revenue * control_variance) as fieller_reach,
        {{ holm_step('p_value', 'experiment', 'variant, conversion_type') }} as holm_step,
        {{ holm_step('revenue_p_value', 'experiment', 'variant, conversion_type') }} as revenue_holm_step
    from tested

)

select
    adjusted.experiment,
    adjusted.variant,
    adjusted.conversion_type,
    adjusted.is_control,
    experiments.first_exposed_date,
    experiments.last_exposed_date,
    adjusted.persons,
    adjusted.mature_persons,
    adjusted.conversions,
    adjusted.conversion_rate,
    {{ wilson_bound('adjusted.conversion_rate', 'adjusted.mature_persons', '-') }} as conversion_rate_low,
    {{ wilson_bound('adjusted.conversion_rate', 'adjusted.mature_persons', '+') }} as conversion_rate_high,
    adjusted.ratio - 1 as lift,
    adjusted.ratio * exp(-{{ z_95() }} * adjusted.log_error) - 1 as lift_low,
    adjusted.ratio * exp({{ z_95() }} * adjusted.log_error) - 1 as lift_high,
    adjusted.test,
    adjusted.z,
    adjusted.p_value,
    {{ holm_p_value(
        'adjusted.holm_step', 'adjusted.p_value', 'adjusted.experiment', 'adjusted.variant, adjusted.conversion_type'
    ) }} as p_value_adjusted,
    case
        when adjusted.test = 'z_test' then {{ normal_cdf('adjusted.power_near') }} + {{ normal_cdf('adjusted.power_far') }}
    end as power_of_10_percent_lift,
    cast(adjusted.revenue as decimal(28, 4)) as revenue,
    adjusted.mean_revenue as revenue_per_person,
    adjusted.revenue_ratio - 1 as revenue_lift,
    (adjusted.mean_revenue * adjusted.control_mean - adjusted.fieller_reach) / adjusted.fieller_divisor - 1 as revenue_lift_low,
    (adjusted.mean_revenue * adjusted.control_mean + adjusted.fieller_reach) / adjusted.fieller_divisor - 1 as revenue_lift_high,
    adjusted.revenue_p_value,
    {{ holm_p_value(
        'adjusted.revenue_holm_step', 'adjusted.revenue_p_value', 'adjusted.experiment', 'adjusted.variant, adjusted.conversion_type'
    ) }} as revenue_p_value_adjusted,
    experiments.persons_in_both,
    sample_ratios.chi_square as sample_ratio_chi_square,
    sample_ratios.p_value as sample_ratio_p_value,
    coalesce(sample_ratios.p_value < {{ setting('sample_ratio_alarm') }}, false) as has_sample_ratio_mismatch
from adjusted
inner join experiments on adjusted.experiment = experiments.experiment
inner join sample_ratios on adjusted.experiment = sample_ratios.experiment
