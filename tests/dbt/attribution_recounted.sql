-- Recounts the credit of all models from touchpoints and conversions, by a closed formula. The sums of attribution_adds_up cannot find a
-- path that is longer than the lookback, does not restart after a conversion, or has its touches in the wrong order: its credit is 1 too.
{%- set models = ['first_touch', 'last_touch', 'last_non_direct', 'linear', 'position_based', 'time_decay', 'shapley'] %}
with touches as (

    select
        touchpoints.touchpoint_id,
        touchpoints.touched_at,
        touchpoints.channel,
        {{ attribution_unit(key_of('touchpoints.person_id'), 'persons.company_id') }} as unit_key
    from {{ ref('fct_touchpoints') }} as touchpoints
    inner join {{ ref('dim_persons') }} as persons on touchpoints.person_id = persons.person_id
    where touchpoints.is_attributable

),

conversions as (

    select
        conversion_id,
        conversion_type,
        converted_at,
        {{ attribution_unit(key_of('person_id'), 'company_id') }} as unit_key
    from {{ ref('fct_conversions') }}

),

{# a touchpoint may get credit for conversions within the lookback after it; with restart, for the first of each type only #}
led as (

    select
        conversions.conversion_id,
        conversions.converted_at,
        touches.touchpoint_id,
        touches.touched_at,
        touches.channel,
        min(conversions.converted_at) over (partition by touches.touchpoint_id, conversions.conversion_type) as next_converted_at
    from touches
    inner join conversions
        on touches.unit_key = conversions.unit_key
        and conversions.converted_at >= touches.touched_at
        and conversions.converted_at < {{ add_days('touches.touched_at', setting('attribution_lookback_days')) }}
    where conversions.unit_key <> 0

),

placed as (

    select
        *,
        row_number() over (partition by conversion_id order by touched_at, touchpoint_id) as place,
        count(*) over (partition by conversion_id) as places,
        row_number() over (
            partition by conversion_id
            order by case when channel = 'direct' then 0 else 1 end desc, touched_at desc, touchpoint_id desc
        ) as place_of_non_direct,
        count(*) over (partition by conversion_id, channel) as channel_touches,
        row_number() over (partition by conversion_id, channel order by touched_at, touchpoint_id) as channel_place,
        power(
            cast(2 as double),
            -{{ hours_between('touched_at', 'converted_at') }} / (24 * {{ setting('attribution_half_life_days') }})
        ) as decayed
    from led
    {%- if setting('attribution_path_restart') %}
    where converted_at = next_converted_at
    {%- endif %}

),

shared as (

    select
        *,
        sum(decayed) over (partition by conversion_id) as all_decayed,
        sum(case when channel_place = 1 then 1 else 0 end) over (partition by conversion_id) as channels
    from placed

),

expected as (

    select
        conversion_id,
        touchpoint_id,
        case when place = 1 then 1e0 else 0e0 end as first_touch,
        case when place = places then 1e0 else 0e0 end as last_touch,
        case when place_of_non_direct = 1 then 1e0 else 0e0 end as last_non_direct,
        1e0 / places as linear,
        case when places <= 2 then 1e0 / places when place in (1, places) then 0.4e0 else 0.2e0 / (places - 2) end as position_based,
        {# weights that underflow leave no share to compare #}
        case when all_decayed > 1e-30 then decayed / all_decayed end as time_decay,
        1e0 / channels / channel_touches as shapley
    from shared

),

credits as (

    select
        {%- for model in models %}
        sum(case when attribution_model = '{{ model }}' then credit else 0 end) as {{ model }},
        {%- endfor %}
        conversion_id,
        touchpoint_id
    from {{ ref('fct_attribution') }}
    where touchpoint_id is not null
    group by conversion_id, touchpoint_id

)

select coalesce(expected.conversion_id, credits.conversion_id) as conversion_id
from expected
full outer join credits
    on expected.conversion_id = credits.conversion_id
    and expected.touchpoint_id = credits.touchpoint_id
where
    expected.conversion_id is null
    or credits.conversion_id is null
    {%- for model in models if model in var('attribution_models') %}
    or abs(expected.{{ model }} - cast(credits.{{ model }} as double)) > 1e-7
    {%- endfor %}
