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

resolved as (

    select
        orders.*,
        cast(coalesce(refunded.refunded_net, 0) as decimal(18, 4)) as refunded_net,
        coalesce(own_person.person_key, {{ person_key_of(['contact_id', 'email', 'phone', 'anonymous_id']) }}) as person_key,
        {# the contact, else the e-mail, else the phone decides whether the order is internal; not the cookie, which people may share #}
        coalesce(
            {{ identifier_key("'contact_id'", 'orders.contact_id') }},
            {%- for type in ['email', 'phone'] %}
            former_{{ type }}.contact_identifier,
            case when {{ type }}_placeholders.identifier_value is null then {{ identifier_key("'" ~ type ~ "'", 'orders.' ~ type) }} end
            {{- ',' if not loop.last }}
            {%- endfor %}
        ) as named_identifier
    from orders
    {{ join_placeholders('orders') }}
    {{ join_persons('orders', ['contact_id', 'email', 'phone', 'anonymous_id'], 'ordered_at') }}
    left join refunded on orders.order_id = refunded.order_id
    left join {{ ref('int_person_identifiers') }} as own_person
        on {{ identifier_key("'order_id'", 'orders.order_id') }} = own_person.identifier

),

judged as (

    select
        resolved.*,
        internal.identifier is not null as is_internal,
        (
            resolved.order_status in ('paid', 'shipped', 'completed', 'returned')
            and not resolved.is_test
            and internal.identifier is null
        ) as is_conversion
    from resolved
    left join {{ ref('int_internal_identifiers') }} as internal on resolved.named_identifier = internal.identifier

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
