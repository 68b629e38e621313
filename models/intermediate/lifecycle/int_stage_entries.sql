{# if several episodes of a definition start at the same time, the evidence is that of the one that ends first #}
with openings as (

    select
        person_key,
        bit,
        entered_at,
        evidence
    from {{ ref('int_stage_episodes') }}
    qualify row_number() over (
        partition by person_key, bit, entered_at
        order by coalesce(left_at, timestamp '9999-12-31 00:00:00'), evidence
    ) = 1

),

entered as (

    select
        moves.person_key,
        moves.moved_at,
        moves.moved_date,
        stages.framework_number,
        stages.stage_number_before,
        stages.stage_number,
        stages.rank_before,
        stages.rank,
        case
            when stages.is_none then 'nothing_open'
            when stages.opening_bit is not null then openings.evidence
            else resumed.evidence
        end as evidence
    from {{ ref('int_person_moves') }} as moves
    inner join {{ ref('int_move_stages') }} as stages
        on moves.state_key_before = stages.state_key_before
        and moves.state_key = stages.state_key
    left join openings
        on moves.person_key = openings.person_key
        and moves.moved_at = openings.entered_at
        and stages.opening_bit = openings.bit
    left join {{ ref('int_resumed_stays') }} as resumed
        on stages.opening_bit is null
        and moves.person_key = resumed.person_key
        and moves.moved_at = resumed.moved_at
        and stages.definitions = resumed.definitions
        and stages.lower_overrides = resumed.lower_overrides

),

{# as microseconds, because both engines support range windows over numbers; two entries of a framework never have the same timestamp #}
timed as (

    select
        *,
        {{ microseconds_between("timestamp '1970-01-01 00:00:00'", 'moved_at') }} as moved_microsecond
    from entered

),

ordered as (

    select
        *,
        lag(moved_at) over stay as entered_before_at,
        lead(moved_at) over stay as exited_at,
        cast(row_number() over stay as integer) as step_number,
        max(rank) over stay as highest_rank,
        max(rank) over funnel_window as highest_rank_in_window,
        last_value(rank) over funnel_window as last_rank_in_window,
        cast(row_number() over (partition by person_key, stage_number order by moved_at) as integer) as entry_number
    from timed
    window
        stay as (
            partition by person_key, framework_number
            order by moved_microsecond
        ),
        funnel_window as (
            partition by person_key, framework_number
            order by moved_microsecond
            range between 1 following and {{ setting('funnel_window_days') * 86400000000 }} following
        )

)

select
    person_key,
    framework_number,
    stage_number,
    stage_number_before,
    rank,
    rank_before,
    moved_at as entered_at,
    moved_date as entered_date,
    exited_at,
    entered_before_at,
    entry_number,
    step_number,
    highest_rank,
    {#
        outcome of a first entry: converted if any higher stage was entered within the window, also by a skip; else dropped if the person
        is in a lower stage at the end of the window or at the as-of, or if the window is over; else in_progress
    #}
    case
        when entry_number > 1 or rank = 0 then null
        when highest_rank_in_window > rank then 'converted'
        when
            last_rank_in_window < rank
            or {{ add_days('moved_at', setting('funnel_window_days')) }} <= {{ as_of() }} then 'dropped'
        else 'in_progress'
    end as outcome,
    evidence
from ordered
{# the mart is written in this order, which is that of person_id #}
{{ in_order_of('person_key, entered_at, framework_number') }}
