-- Who is in no variant and not among those in several would be lost to every result; who is in two would count twice.
with persons as (

    select
        experiment,
        count(distinct person_id) as persons
    from {{ ref('fct_experiment_exposures') }}
    where person_id <> 'unknown'
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
where conversions > persons or (is_control and coalesce(lift, z, p_value) is not null)
