{#-
    A contact_id in a row is a statement that the row belongs to that contact. An e-mail or phone in the same row is weaker evidence: an
    order for a friend may carry the friend's phone. Unless it is confirmed as the contact's own (CTE own), it is therefore linked with
    the contact only, and not with the contact's other identifiers. The same holds for another contact that had that e-mail or phone at
    the time.
-#}
with observations as (

    select
        observations.*,
        coalesce(contact_groups.component, observations.identifier) as contact_group
    from {{ ref('int_identity_observations') }} as observations
    left join {{ ref('int_contact_groups') }} as contact_groups on observations.identifier = contact_groups.node
    where observations.identifier_role <> 'survivor'

),

named as (

    select
        record_number,
        contact_group,
        is_contact_row
    from observations
    where identifier_role = 'named'

),

shown as (

    select
        named.contact_group,
        observations.identifier_type,
        observations.identifier,
        bool_or(named.is_contact_row) as is_stated
    from observations
    inner join named on observations.record_number = named.record_number
    where observations.identifier_type in ('email', 'phone')
    group by named.contact_group, observations.identifier_type, observations.identifier

),

compared as (

    select
        *,
        (
            min(identifier) over (partition by contact_group, identifier_type)
            = max(identifier) over (partition by contact_group, identifier_type)
        ) as is_only_one
    from shown

),

{# confirmed as the contact's own: it stands in the contact's CRM row, or is the only e-mail or phone that any row shows with it #}
own as (

    select
        contact_group,
        identifier
    from compared
    where is_stated or is_only_one

),

described as (

    select
        observations.record_number,
        observations.identifier,
        observations.identifier_role = 'named' as is_named,
        (
            observations.identifier_role = 'shown'
            and named.record_number is not null
            and own.identifier is null
            and (
                observations.identifier_type in ('email', 'phone')
                or (observations.identifier_type = 'contact_id' and observations.contact_group <> named.contact_group)
            )
        ) as is_unconfirmed
    from observations
    left join named on observations.record_number = named.record_number
    left join own on named.contact_group = own.contact_group and observations.identifier = own.identifier

)

select
    one.identifier,
    other.identifier as neighbour,
    bool_or(one.is_named or other.is_named or not one.is_unconfirmed) as is_link,
    bool_or((one.is_named or other.is_named) and not one.is_unconfirmed and not other.is_unconfirmed) as is_stated
from described as one
inner join described as other
    on one.record_number = other.record_number
    and one.identifier <> other.identifier
where one.is_named or not other.is_unconfirmed
group by one.identifier, other.identifier
