-- One row per customer, identified by the code that invoices use.
with pages as (

    select unnest(json_list(data)) as record
    from api_pages

),

first_bought as (

    select
        "Mã khách hàng" as contact_id,
        min(read_time(read_time("Thời gian", '%d/%m/%Y %H:%M:%S'), '%d/%m/%Y %H:%M')) as first_ordered_at
    from invoice_lines
    where "Mã khách hàng" is not null
    group by all

),

api as (

    select
        record ->> '$.code' as code,
        record ->> '$.name' as full_name,
        record ->> '$.contactNumber' as phone,
        record ->> '$.email' as email,
        record ->> '$.gender' as gender,
        record ->> '$.locationName' as location,
        record ->> '$.createdDate' as created,
        record ->> '$.modifiedDate' as modified
    from pages
    where record ->> '$.contactNumber' is not null
    union all
    select
        code,
        name,
        contactNumber,
        email,
        gender,
        locationName,
        createdDate,
        modifiedDate
    from api_customers

)

select
    customers."Mã khách hàng" as contact_id,
    customers."Email" as email,
    -- a spreadsheet reads the phone as a number and drops its leading 0
    regexp_replace(customers."Điện thoại", '^([35789]\d{8})(\.0)?$', '0\1') as phone,
    customers."Tên khách hàng" as full_name,
    case lower(customers."Giới tính") when 'nam' then 'male' when 'nữ' then 'female' else customers."Giới tính" end as gender,
    nullif(trim(split_part(customers."Khu vực giao hàng", ' - ', 1)), '') as city,
    -- in a sheet without Ngày tạo, use the first invoice, the latest possible creation time of the customer
    coalesce(read_time(read_time(customers."Ngày tạo", '%d/%m/%Y %H:%M:%S'), '%d/%m/%Y %H:%M'), first_bought.first_ordered_at) as created_at,
    strftime(try_strptime(regexp_extract(customers._file, 'KV(\d{8}-\d{6})', 1), '%d%m%Y-%H%M%S'), '%Y-%m-%d %H:%M:%S') as updated_at
from customers
left join first_bought on customers."Mã khách hàng" = first_bought.contact_id
-- leave out the total row
where nullif(trim(customers."Mã khách hàng"), '') is not null
union all
select
    code,
    email,
    phone,
    full_name,
    case lower(gender) when 'true' then 'male' when 'false' then 'female' end,
    nullif(trim(split_part(location, ' - ', 1)), ''),
    regexp_replace(created, '(\.\d{6})\d+', '\1'),
    regexp_replace(modified, '(\.\d{6})\d+', '\1')
from api
