-- One row per product; products that are only in invoice lines are taken from there.
with pages as (

    select unnest(json_list(data)) as record
    from api_pages

),

api as (

    select
        record ->> '$.code' as code,
        record ->> '$.name' as product_name,
        record ->> '$.fullName' as full_name,
        record ->> '$.categoryName' as category,
        record ->> '$.inventories' as inventories
    from pages
    where record ->> '$.basePrice' is not null
    union all
    select
        code,
        name,
        fullName,
        categoryName,
        inventories
    from api_products

),

listed as (

    select
        trim("Mã hàng") as product_id,
        "Tên hàng" as product_name,
        -- A>>B>>C: take the top category
        trim(split_part(coalesce("Nhóm hàng(3 Cấp)", "Nhóm hàng"), '>>', 1)) as category,
        case
            when regexp_full_match("Giá vốn", '\d{1,3}([.,]\d{3})+') then regexp_replace("Giá vốn", '[.,]', '', 'g')
            else "Giá vốn"
        end as unit_cost
    from products
    where nullif(trim("Mã hàng"), '') is not null
    union all
    select
        code,
        coalesce(full_name, product_name),
        category,
        try(inventories ->> '$[0].cost')
    from api

),

sold as (

    select
        trim("Mã hàng") as product_id,
        max("Tên hàng") as product_name
    from invoice_lines
    where nullif(trim("Mã hàng"), '') is not null and "Tên hàng" is not null
    group by all
    union all
    select
        line ->> '$.productCode',
        max(line ->> '$.productName')
    from (
        select unnest(json_list(record ->> '$.invoiceDetails')) as line
        from pages
        union all
        select unnest(json_list(invoicedetails))
        from api_invoices
    )
    group by all

)

select
    product_id,
    product_name,
    nullif(category, '') as category,
    unit_cost
from listed
union all
select
    product_id,
    max(product_name),
    null,
    null
from sold
where product_id is not null and product_id not in (select product_id from listed where product_id is not null)
group by product_id
