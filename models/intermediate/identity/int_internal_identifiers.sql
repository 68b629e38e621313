{#- is_internal is a property of a contact. An e-mail or phone inherits it only if no other contact uses it. -#}
with contacts as (

    select
        contacts.*,
        coalesce(contact_groups.component, {{ identifier_key("'contact_id'", 'contacts.contact_id') }}) as contact_group
    from {{ accepted('crm', 'contacts') }} as contacts
    left join {{ ref('int_contact_groups') }} as contact_groups
        on {{ identifier_key("'contact_id'", 'contacts.contact_id') }} = contact_groups.node

),

internal_groups as (

    select distinct contact_group from contacts
    where is_internal

),

{# a merged contact may no longer have a row #}
members as (

    select
        contact_group,
        {{ identifier_key("'contact_id'", 'contact_id') }} as identifier
    from contacts
    union
    select
        component as contact_group,
        node as identifier
    from {{ ref('int_contact_groups') }}

),

internal_contacts as (

    select members.identifier
    from members
    inner join internal_groups on members.contact_group = internal_groups.contact_group

),

{%- for type in ['email', 'phone'] %}

internal_{{ type }}s as (

    select {{ identifier_key("'" ~ type ~ "'", 'contacts.' ~ type) }} as identifier
    from contacts
    left join internal_groups on contacts.contact_group = internal_groups.contact_group
    left join {{ ref('identifier_placeholders') }} as placeholders
        on placeholders.identifier_type = '{{ type }}'
        and contacts.{{ type }} = placeholders.identifier_value
    where contacts.{{ type }} is not null and placeholders.identifier_value is null
    group by contacts.{{ type }}
    having count(*) = count(internal_groups.contact_group)

),
{%- endfor %}

contacts_and_emails as (

    select identifier from internal_contacts
    union all
    select identifier from internal_emails

),

{# phones that appear with a contact or e-mail that is not internal #}
shared_phones as (

    select distinct pairs.identifier
    from {{ ref('int_identity_pairs') }} as pairs
    left join contacts_and_emails as internal on pairs.neighbour = internal.identifier
    where split_part(pairs.neighbour, ':', 1) in ('contact_id', 'email') and internal.identifier is null

)

select identifier from contacts_and_emails
union all
select internal_phones.identifier
from internal_phones
left join shared_phones on internal_phones.identifier = shared_phones.identifier
where shared_phones.identifier is null
