{#- A former e-mail or phone belongs to its contact during its validity period; the current owner holds it before and after. -#}
with person_identifiers as (

    select * from {{ ref('int_person_identifiers') }}

),

former_sightings as (

    {%- for type in ['email', 'phone'] %}
    select
        {{ identifier_key("'" ~ type ~ "'", type) }} as identifier,
        former_{{ type }}_contact_id as contact_id,
        seen_at
    from {{ ref('int_identity_records') }}
    where former_{{ type }}_contact_id is not null
    union all
    {%- endfor %}
    select
        identifier,
        contact_id,
        created_at as seen_at
    from {{ ref('int_former_identifiers') }}

),

former_first_seen as (

    select
        identifier,
        contact_id,
        min(seen_at) as first_seen_at
    from former_sightings
    group by identifier, contact_id

),

former_periods as (

    select
        former.identifier,
        contacts.person_key,
        former.valid_from as held_from,
        {# the first version of a contact is valid from 1900 on; the period starts when the identifier was first seen #}
        greatest(former.valid_from, former_first_seen.first_seen_at) as valid_from,
        former.valid_to
    from {{ ref('int_former_identifiers') }} as former
    inner join person_identifiers as contacts on former.contact_identifier = contacts.identifier
    inner join former_first_seen
        on former.identifier = former_first_seen.identifier
        and former.contact_id = former_first_seen.contact_id
    where not former.is_placeholder

),

identifiers_with_former_owner as (

    select distinct identifier
    from former_periods

),

{# the rest of the time, from the first sighting on, belongs to the current owner: the person that identity resolution assigned #}
times_of_current_owner as (

    select
        identifier,
        valid_to as free_from,
        lead(held_from) over (partition by identifier order by held_from) as free_to
    from former_periods
    union all
    select
        identifier,
        cast(null as timestamp) as free_from,
        min(held_from) as free_to
    from former_periods
    group by identifier

),

periods as (

    select
        identifier,
        person_key,
        valid_from,
        valid_to
    from former_periods
    where valid_from < valid_to
    union all
    select
        person_identifiers.identifier,
        person_identifiers.person_key,
        case
            when times_of_current_owner.free_from > person_identifiers.first_seen_at then times_of_current_owner.free_from
            else person_identifiers.first_seen_at
        end as valid_from,
        times_of_current_owner.free_to as valid_to
    from person_identifiers
    inner join times_of_current_owner on person_identifiers.identifier = times_of_current_owner.identifier
    where
        times_of_current_owner.free_to is null
        or (
            person_identifiers.first_seen_at < times_of_current_owner.free_to
            and (times_of_current_owner.free_from is null or times_of_current_owner.free_from < times_of_current_owner.free_to)
        )

),

{# adjoining periods of two contacts that are the same person are merged #}
compared as (

    select
        *,
        coalesce(
            lag(person_key) over (partition by identifier order by valid_from) = person_key
            and lag(valid_to) over (partition by identifier order by valid_from) = valid_from,
            false
        ) as is_continued
    from periods

),

numbered as (

    select
        *,
        sum(case when is_continued then 0 else 1 end) over (
            partition by identifier
            order by valid_from
            rows between unbounded preceding and current row
        ) as period_number
    from compared

)

select
    identifier,
    split_part(identifier, ':', 1) as identifier_type,
    {{ keyed_hash(['identifier']) }} as identifier_hash,
    period_number,
    person_key,
    min(valid_from) as valid_from,
    case when count(valid_to) = count(*) then max(valid_to) end as valid_to
from numbered
group by identifier, period_number, person_key
union all
{# identifiers without a former owner, that is nearly all, need none of the steps above #}
select
    person_identifiers.identifier,
    person_identifiers.identifier_type,
    person_identifiers.identifier_hash,
    1 as period_number,
    person_identifiers.person_key,
    person_identifiers.first_seen_at as valid_from,
    cast(null as timestamp) as valid_to
from person_identifiers
left join identifiers_with_former_owner on person_identifiers.identifier = identifiers_with_former_owner.identifier
where identifiers_with_former_owner.identifier is null
