with first_orders as (
    select lower(filled("Email")) as email, strftime(min(try_cast(iso_offset("Created at") as timestamptz) at time zone 'UTC'), '%Y-%m-%dT%H:%M:%S+00:00') as created_at
    from orders_export
    where filled("Email") is not null
    group by 1
),

nested_customers as (
    -- each order contains its customer; customers in the customer file are taken from there instead
    select orders_json.customer, orders_json.updated_at, min(orders_json.created_at) over (partition by as_json(orders_json.customer) ->> '$.id') as first_ordered_at
    from orders_json
    where as_json(orders_json.customer) ->> '$.id' is not null
        and as_json(orders_json.customer) ->> '$.id' not in (select id from customers_json where id is not null)
    qualify row_number() over (partition by as_json(orders_json.customer) ->> '$.id' order by orders_json.updated_at desc, orders_json.id) = 1
),

default_addresses as (
    select customer_id, city, country_code, phone
    from customer_address
    where lower(is_default) in ('true', '1')
    qualify row_number() over (partition by customer_id order by city, country_code, phone) = 1
)

select
    -- older exports have no id: use the e-mail, else the phone number, as the id
    coalesce(
        exact_id(customers_export."Customer ID"),
        md5(coalesce(lower(filled(customers_export."Email")), filled(unquoted(customers_export."Phone"))))
    ) as contact_id,
    customers_export."Email" as email,
    coalesce(filled(unquoted(customers_export."Phone")), filled(unquoted(customers_export."Default Address Phone"))) as phone,
    filled(concat_ws(' ', filled(customers_export."First Name"), filled(customers_export."Last Name"))) as full_name,
    coalesce(filled(customers_export."Default Address City"), filled(customers_export."City")) as city,
    coalesce(filled(customers_export."Default Address Country Code"), filled(customers_export."Country Code")) as country,
    -- the export has no creation time of customers: use the first order in the export of orders, else customers_since from mapping.yml
    coalesce(first_orders.created_at, getvariable('customers_since')) as created_at,
    null as updated_at,
    null as is_deleted
from customers_export
left join first_orders on lower(filled(customers_export."Email")) = first_orders.email

union all by name

select
    id as contact_id,
    email,
    coalesce(filled(phone), as_json(default_address) ->> '$.phone') as phone,
    filled(concat_ws(' ', filled(first_name), filled(last_name))) as full_name,
    as_json(default_address) ->> '$.city' as city,
    as_json(default_address) ->> '$.country_code' as country,
    created_at,
    updated_at,
    null as is_deleted
from customers_json

union all by name

select
    as_json(customer) ->> '$.id' as contact_id,
    as_json(customer) ->> '$.email' as email,
    coalesce(as_json(customer) ->> '$.phone', as_json(customer) ->> '$.default_address.phone') as phone,
    filled(concat_ws(' ', filled(as_json(customer) ->> '$.first_name'), filled(as_json(customer) ->> '$.last_name'))) as full_name,
    as_json(customer) ->> '$.default_address.city' as city,
    as_json(customer) ->> '$.default_address.country_code' as country,
    coalesce(as_json(customer) ->> '$.created_at', first_ordered_at) as created_at,
    coalesce(as_json(customer) ->> '$.updated_at', updated_at) as updated_at,
    null as is_deleted
from nested_customers

union all by name

select
    customer.id as contact_id,
    customer.email,
    coalesce(filled(customer.phone), filled(default_addresses.phone)) as phone,
    filled(concat_ws(' ', filled(customer.first_name), filled(customer.last_name))) as full_name,
    default_addresses.city,
    default_addresses.country_code as country,
    utc_time(customer.created_at) as created_at,
    utc_time(customer.updated_at) as updated_at,
    customer._fivetran_deleted as is_deleted
from customer
left join default_addresses on customer.id = default_addresses.customer_id
