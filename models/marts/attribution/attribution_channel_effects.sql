{%- set labels = {'channel': 'channel'} -%}

with paths as (

    select * from {{ ref('int_paths') }}

),

path_counts as (

    select
        conversion_type,
        count(*) as conversions_with_path
    from paths
    where touch_number = 1
    group by conversion_type

),

channels_of_paths as (

    select distinct
        conversion_type,
        conversion_number,
        channel
    from paths

),

shapley_shares as (

    select
        conversion_type,
        channel,
        cast(1 as double) / count(*) over (partition by conversion_number) as share
    from channels_of_paths

),

shapley as (

    select
        conversion_type,
        channel,
        sum(share) as shapley_value
    from shapley_shares
    group by conversion_type, channel

),

effects as (

    select
        conversion_type,
        'markov' as attribution_model,
        channel,
        removal_effect,
        cast(null as double) as shapley_value,
        weight
    from {{ ref('int_markov_effects') }}
    union all
    select
        shapley.conversion_type,
        'shapley' as attribution_model,
        shapley.channel,
        cast(null as double) as removal_effect,
        shapley.shapley_value,
        shapley.shapley_value / path_counts.conversions_with_path as weight
    from shapley
    inner join path_counts on shapley.conversion_type = path_counts.conversion_type

)

select
    effects.conversion_type,
    effects.attribution_model,
    effects.channel,
    {{ label_columns(labels, 'effects') }},
    effects.removal_effect,
    effects.shapley_value,
    effects.weight,
    effects.weight * path_counts.conversions_with_path as channel_conversions
from {{ with_labels('effects', labels) }} as effects
inner join path_counts on effects.conversion_type = path_counts.conversion_type
