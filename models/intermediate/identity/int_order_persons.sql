with orders as (

    select * from {{ ref('int_orders') }}

),

refunded as (

    select
        order_id,
        sum(refunded_net) as refunded_net
    from {{ ref('int_refunds') }}
    where is_linked
    group by order_id

),

internal_persons as (

    select distinct person_identifiers.person_key
    from {{ accepted('crm', 'contacts') }} as contacts
    inner join {{ ref('int_person_identifiers') }} as person_identifiers
        on {{ identifier_key("'contact_id'", 'contacts.contact_id') }} = person_identifiers.identifier
    where contacts.is_internal

),

resolved as (

    select
        orders.*,
        cast(coalesce(refunded.refunded_net, 0) as decimal(18, 4)) as refunded_net,
        coalesce(own_person.person_key, {{ person_key_of(['contact_id', 'email', 'phone', 'anonymous_id']) }}) as person_key
    from orders
    {{ join_persons('orders', ['contact_id', 'email', 'phone', 'anonymous_id'], 'ordered_at') }}
    left join refunded on orders.order_id = refunded.order_id
    left join {{ ref('int_person_identifiers') }} as own_person
        on {{ identifier_key("'order_id'", 'orders.order_id') }} = own_person.identifier

),

judged as (

    select
        resolved.*,
        internal_persons.person_key is not null as is_internal,
        (
            resolved.order_status in ('paid', 'shipped', 'completed', 'returned')
            and not resolved.is_test
            and internal_persons.person_key is null
        ) as is_conversion
    from resolved
    left join internal_persons on resolved.person_key = internal_persons.person_key

)

select
    *,
    cast(
        case
            when is_conversion and order_status <> 'returned' then net_before_refunds - refunded_net
            else 0
        end as decimal(18, 4)
    ) as net_revenue
from judged
