select
    id as contact_id,
    email,
    phone_number as phone,
    filled(concat_ws(' ', filled(first_name), filled(last_name))) as full_name,
    city,
    country,
    utc_time(created) as created_at,
    utc_time(updated) as updated_at,
    _fivetran_deleted as is_deleted
from person
