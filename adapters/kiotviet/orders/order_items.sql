-- One row per order line, numbered in file order.
with pages as (

    select unnest(json_list(data)) as record
    from api_pages

),

lines as (

    select
        _file,
        _row,
        "Mã hóa đơn",
        "Mã hàng",
        "Số lượng",
        -- VND has no decimals: a point or comma before three digits separates thousands
        case
            when regexp_full_match(columns('^(Đơn giá|Giá vốn|Thành tiền)$'), '-?\d{1,3}([.,]\d{3})+') then regexp_replace(columns('^(Đơn giá|Giá vốn|Thành tiền)$'), '[.,]', '', 'g')
            else columns('^(Đơn giá|Giá vốn|Thành tiền)$')
        end as '\0'
    from invoice_lines
    -- leave out invoices without lines, and the total row
    where nullif(trim("Mã hóa đơn"), '') is not null and nullif(trim("Mã hàng"), '') is not null

),

sheet as (

    select
        *,
        row_number() over (partition by _file, "Mã hóa đơn" order by _row) as line_number,
        try_cast(replace("Số lượng", ',', '.') as decimal(12, 3)) as pieces
    from lines

),

api as (

    select
        record ->> '$.code' as code,
        record ->> '$.modifiedDate' as modified,
        record ->> '$.invoiceDetails' as details
    from pages
    where record ->> '$.invoiceDetails' is not null
    union all
    select
        code,
        modifiedDate,
        invoiceDetails
    from api_invoices

),

api_lines as (

    select
        code,
        modified,
        unnest(json_list(details)) as line,
        generate_subscripts(json_list(details), 1) as line_number
    from api

)

select
    "Mã hóa đơn" as order_id,
    cast(line_number as varchar) as line_number,
    trim("Mã hàng") as product_id,
    -- quantities can have decimals, for goods sold by weight: 1,5 kg
    replace("Số lượng", ',', '.') as quantity,
    "Đơn giá" as unit_price,
    -- the discount is price times quantity minus the line's total
    cast(greatest(try_cast("Đơn giá" as decimal(20, 2)) * pieces - try_cast("Thành tiền" as decimal(20, 2)), 0) as varchar) as discount_amount,
    "Giá vốn" as unit_cost,
    strftime(try_strptime(regexp_extract(_file, 'KV(\d{8}-\d{6})', 1), '%d%m%Y-%H%M%S'), '%Y-%m-%d %H:%M:%S') as updated_at
from sheet
union all
select
    code,
    cast(line_number as varchar),
    line ->> '$.productCode',
    line ->> '$.quantity',
    line ->> '$.price',
    -- the discount per piece, as an amount or in percent
    cast(
        coalesce(
            nullif(try_cast(line ->> '$.discount' as decimal(20, 2)), 0),
            try_cast(line ->> '$.price' as decimal(20, 2)) * try_cast(line ->> '$.discountRatio' as decimal(9, 4)) / 100,
            0
        ) * try_cast(line ->> '$.quantity' as decimal(12, 3)) as varchar
    ),
    null,
    regexp_replace(modified, '(\.\d{6})\d+', '\1')
from api_lines
