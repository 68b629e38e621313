{{ config(post_hook='{{ remember_persons() }}') }}

with persons_before as (

    select * from {{ source('private', 'persons_before') }}

),

person_identifiers as (

    select * from {{ ref('int_person_identifiers') }}

),

{# each identifier under its current hash and under the hash before the last key rotation, which stored rows may still have #}
hashed as (

    select
        identifier_hash as remembered_hash,
        identifier_hash,
        person_id
    from person_identifiers
    union all
    select
        {{ keyed_hash(['identifier'], key='last_hash_key') }} as remembered_hash,
        identifier_hash,
        person_id
    from person_identifiers

),

{# compare only identifiers present in both builds: new or vanished ones cannot show who moved #}
before_and_after as (

    select
        hashed.identifier_hash,
        persons_before.person_id as old_person_id,
        hashed.person_id as new_person_id
    from persons_before
    inner join hashed on persons_before.identifier_hash = hashed.remembered_hash

),

successors as (

    select
        old_person_id,
        count(distinct new_person_id) as new_persons
    from before_and_after
    group by old_person_id

),

predecessors as (

    select
        new_person_id,
        count(distinct old_person_id) as old_persons
    from before_and_after
    group by new_person_id

),

changed as (

    select * from before_and_after
    where old_person_id <> new_person_id

),

{# for each changed person, the person_ids that it would have if another of its identifiers were the earliest #}
possible_ids as (

    select
        person_identifiers.person_id as new_person_id,
        {{ keyed_hash(["'person'", 'person_identifiers.identifier']) }} as person_id_now,
        {{ keyed_hash(["'person'", 'person_identifiers.identifier'], key='last_hash_key') }} as person_id_before
    from person_identifiers
    where person_identifiers.person_id in (select changed.new_person_id from changed)

),

former_ids as (

    select
        new_person_id,
        person_id_now as old_person_id,
        false as is_rotated
    from possible_ids
    union all
    select
        new_person_id,
        person_id_before as old_person_id,
        person_id_now = new_person_id as is_rotated
    from possible_ids

),

new_changes as (

    select
        changed.identifier_hash,
        changed.old_person_id,
        changed.new_person_id,
        case
            when former_ids.is_rotated then 'key_rotated'
            when successors.new_persons > 1 and predecessors.old_persons > 1 then 'moved'
            when successors.new_persons > 1 then 'split'
            when predecessors.old_persons > 1 then 'merge'
            when former_ids.old_person_id is not null then 'earlier_identifier'
            else 'earliest_identifier_gone'
        end as reason,
        cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as timestamp) as noticed_at,
        {{ as_of() }} as as_of
    from changed
    inner join successors on changed.old_person_id = successors.old_person_id
    inner join predecessors on changed.new_person_id = predecessors.new_person_id
    left join former_ids
        on changed.new_person_id = former_ids.new_person_id
        and changed.old_person_id = former_ids.old_person_id

),

all_changes as (

    select
        hashed.identifier_hash,
        remembered.old_person_id,
        remembered.new_person_id,
        remembered.reason,
        remembered.noticed_at,
        remembered.as_of
    from {{ source('private', 'person_changes') }} as remembered
    inner join hashed on remembered.identifier_hash = hashed.remembered_hash
    union all
    select * from new_changes

)

{# the join above dropped changes of identifiers that no longer exist; this drops those of erased persons #}
select all_changes.*
from all_changes
left join {{ source('private', 'erased_hashes') }} as erased_before on all_changes.old_person_id = erased_before.identifier_hash
left join {{ source('private', 'erased_hashes') }} as erased_after on all_changes.new_person_id = erased_after.identifier_hash
where erased_before.identifier_hash is null and erased_after.identifier_hash is null
