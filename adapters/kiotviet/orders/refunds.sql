-- One row per return; the sheet repeats its total on each line.
with pages as (

    select unnest(json_list(data)) as record
    from api_pages

),

invoices as (

    select
        record ->> '$.id' as id,
        record ->> '$.code' as code
    from pages
    where record ->> '$.invoiceDetails' is not null
    union all
    select
        id,
        code
    from api_invoices

),

api as (

    select
        record ->> '$.code' as code,
        record ->> '$.invoiceId' as invoice_id,
        record ->> '$.returnDate' as returned,
        record ->> '$.returnTotal' as total,
        record ->> '$.returnFee' as fee,
        record ->> '$.status' as status_number,
        record ->> '$.statusValue' as status_text,
        record ->> '$.modifiedDate' as modified
    from pages
    where record ->> '$.returnDate' is not null
    union all
    select
        code,
        invoiceId,
        returnDate,
        returnTotal,
        returnFee,
        status,
        statusValue,
        modifiedDate
    from api_returns

),

sheet as (

    select *
    from return_lines
    where nullif(trim("Mã trả hàng"), '') is not null
    qualify row_number() over (partition by _file, "Mã trả hàng" order by _row) = 1

)

select
    "Mã trả hàng" as refund_id,
    nullif(trim("Mã hóa đơn"), '') as order_id,
    read_time(read_time("Thời gian", '%d/%m/%Y %H:%M:%S'), '%d/%m/%Y %H:%M') as refunded_at,
    case
        when regexp_full_match("Cần trả khách", '\d{1,3}([.,]\d{3})+') then regexp_replace("Cần trả khách", '[.,]', '', 'g')
        else "Cần trả khách"
    end as amount,
    cast(getvariable('currency') as varchar) as currency,
    strftime(try_strptime(regexp_extract(_file, 'KV(\d{8}-\d{6})', 1), '%d%m%Y-%H%M%S'), '%Y-%m-%d %H:%M:%S') as updated_at,
    -- mark cancelled returns as deleted: they paid nothing back
    case when lower(trim("Trạng thái")) in ('đã hủy', 'đã huỷ') then 'true' end as is_deleted
from sheet
union all
select
    api.code,
    -- the API refers to the invoice by its internal id
    invoices.code,
    regexp_replace(api.returned, '(\.\d{6})\d+', '\1'),
    coalesce(cast(try_cast(api.total as decimal(20, 2)) - coalesce(try_cast(api.fee as decimal(20, 2)), 0) as varchar), api.total),
    cast(getvariable('currency') as varchar),
    regexp_replace(api.modified, '(\.\d{6})\d+', '\1'),
    case when lower(trim(api.status_text)) in ('đã hủy', 'đã huỷ') or (api.status_text is null and api.status_number = '2') then 'true' end
from api
left join invoices on api.invoice_id = invoices.id
