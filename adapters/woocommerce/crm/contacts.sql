select
    id as contact_id,
    coalesce(filled(email), as_json(billing) ->> '$.email') as email,
    as_json(billing) ->> '$.phone' as phone,
    filled(concat_ws(
        ' ',
        coalesce(filled(first_name), filled(as_json(billing) ->> '$.first_name')),
        coalesce(filled(last_name), filled(as_json(billing) ->> '$.last_name'))
    )) as full_name,
    filled(as_json(billing) ->> '$.city') as city,
    filled(as_json(billing) ->> '$.country') as country,
    coalesce(utc_time(filled(date_created_gmt)), local_time(date_created, 'WooCommerce')) as created_at,
    coalesce(utc_time(filled(date_modified_gmt)), local_time(date_modified, 'WooCommerce')) as updated_at
from customers_json
