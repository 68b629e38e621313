{# for each transition between two states, the stages that a person leaves by falling back #}
with departures_of_moves as (

    select
        moves.state_key_before,
        moves.state_key,
        {{ masks_of_stages('stages', 'true') }}
    from {{ ref('int_move_stages') }} as moves
    inner join {{ ref('int_framework_stages') }} as stages on moves.stage_number_before = stages.stage_number
    where moves.rank < moves.rank_before
    group by moves.state_key_before, moves.state_key

),

departures as (

    select
        moves.person_key,
        moves.moved_at as moment,
        {{ each_mask('cast(sum(departures_of_moves.mask_#) as bigint) as mask_#') }}
    from {{ ref('int_person_moves') }} as moves
    inner join departures_of_moves
        on moves.state_key_before = departures_of_moves.state_key_before
        and moves.state_key = departures_of_moves.state_key
    group by moves.person_key, moves.moved_at

),

{# the last touch before the fall; an e-mail that was only sent or delivered does not count, because the person may not have seen it #}
touched as (

    {{ last_touches('departures', '<', "touchpoint_type not in ('email_sent', 'email_delivered')") }}

)

select
    departures.person_key,
    departures.moment as left_at,
    {{ last_month_of('departures.moment') }} as left_month,
    touched.touchpoint_type,
    {{ mask_columns('departures') }}
from departures
inner join touched
    on departures.person_key = touched.person_key
    and departures.moment = touched.moment
