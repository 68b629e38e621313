with changes as (

    select
        moves.person_key,
        moves.moved_at,
        moves.moved_date
        {%- for mask in stage_masks() %},
        {# no framework is in two scopes of a person, so the masks of scopes have no bit in common and add up #}
        cast(sum(masks.mask_{{ mask }} - masks_before.mask_{{ mask }}) as bigint) as change_{{ mask }}
        {%- endfor %}
    from {{ ref('int_person_moves') }} as moves
    inner join {{ ref('int_state_masks') }} as masks_before on moves.state_key_before = masks_before.state_key
    inner join {{ ref('int_state_masks') }} as masks on moves.state_key = masks.state_key
    group by moves.person_key, moves.moved_at, moves.moved_date

)

select
    person_key,
    moved_at,
    moved_date
    {%- for mask in stage_masks() %},
    change_{{ mask }},
    cast(sum(change_{{ mask }}) over (
        partition by person_key
        order by moved_at
        rows between unbounded preceding and current row
    ) as bigint) as mask_{{ mask }}
    {%- endfor %}
from changes
where {{ has_any_stage(name='change_') }}
