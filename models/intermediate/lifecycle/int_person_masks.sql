with changes as (

    select
        moves.person_key,
        moves.moved_at,
        moves.moved_date,
        {# each framework is in exactly one scope of a person (int_stage_scopes), so masks of different scopes share no bit and add up #}
        {{ each_mask('cast(sum(masks.mask_# - masks_before.mask_#) as bigint) as change_#') }}
    from {{ ref('int_person_moves') }} as moves
    inner join {{ ref('int_state_masks') }} as masks_before on moves.state_key_before = masks_before.state_key
    inner join {{ ref('int_state_masks') }} as masks on moves.state_key = masks.state_key
    group by moves.person_key, moves.moved_at, moves.moved_date

)

select
    person_key,
    moved_at,
    moved_date,
    {{ each_mask('change_#') }},
    {{ each_mask('cast(sum(change_#) over moves_so_far as bigint) as mask_#') }}
from changes
where {{ has_any_stage(name='change_') }}
window moves_so_far as (
    partition by person_key
    order by moved_at
    rows between unbounded preceding and current row
)
