-- Every exposed person is either in exactly one variant or among persons_in_both; otherwise a person would be lost from the results or
-- count twice.
with persons as (

    select
        experiment,
        count(distinct person_id) as persons
    from {{ ref('fct_experiment_exposures') }}
    where person_id <> 'unknown' and not is_bot
    group by experiment

),

counted as (

    select
        experiment,
        conversion_type,
        sum(persons) + max(persons_in_both) as persons
    from {{ ref('kpi_experiments') }}
    group by experiment, conversion_type

)

select persons.experiment as problem
from persons
cross join {{ ref('conversion_types') }} as types
left join counted
    on persons.experiment = counted.experiment
    and types.conversion_type = counted.conversion_type
where persons.persons is distinct from counted.persons
union all
select concat_ws(' ', experiment, variant, conversion_type) as problem
from {{ ref('kpi_experiments') }}
where
    conversions > mature_persons
    or (is_control and coalesce(lift, z, p_value, revenue_lift, revenue_p_value) is not null)
    or (test = 'z_test') <> (z is not null)
    or (test is null) <> (p_value is null)
    or p_value_adjusted < p_value
    or revenue_p_value_adjusted < revenue_p_value
    or greatest(p_value_adjusted, revenue_p_value_adjusted, power_of_10_percent_lift) > 1.000000001
    {# interval and test use the same t, so they agree on significance #}
    or (revenue_p_value < 0.049999 and (revenue_lift_low < 0) = (revenue_lift_high > 0))
    or (revenue_p_value > 0.050001 and (revenue_lift_low > 0 or revenue_lift_high < 0))
