-- One row per invoice. The sheet has one row per invoice line and repeats the columns of the invoice on each of them.
with pages as (

    select unnest(json_list(data)) as record
    from api_pages

),

lines as (

    select
        _file,
        _row,
        "Mã hóa đơn",
        "Thời gian",
        "Mã khách hàng",
        "Tên khách hàng",
        "Email",
        "Điện thoại",
        "Kênh bán",
        "Trạng thái",
        -- VND has no decimals: a point or comma before three digits separates thousands
        case
            when regexp_full_match(columns('^(Giảm giá hóa đơn|Khách cần trả|Khách đã trả|Tiền mặt|Thẻ|Ví|Chuyển khoản)$'), '-?\d{1,3}([.,]\d{3})+') then regexp_replace(columns('^(Giảm giá hóa đơn|Khách cần trả|Khách đã trả|Tiền mặt|Thẻ|Ví|Chuyển khoản)$'), '[.,]', '', 'g')
            else columns('^(Giảm giá hóa đơn|Khách cần trả|Khách đã trả|Tiền mặt|Thẻ|Ví|Chuyển khoản)$')
        end as '\0'
    from invoice_lines
    -- leave out the total row above the invoices, which has no invoice number
    where nullif(trim("Mã hóa đơn"), '') is not null

),

sheet as (

    select
        *,
        -- walk-in customers (Khách lẻ) have no code: their invoices do not belong to one person
        lower(trim("Tên khách hàng")) = 'khách lẻ' and "Mã khách hàng" is null as is_walk_in
    from lines
    qualify row_number() over (partition by _file, "Mã hóa đơn" order by _row) = 1

),

api as (

    select
        record ->> '$.code' as code,
        record ->> '$.purchaseDate' as purchased,
        record ->> '$.customerCode' as customer_code,
        record ->> '$.total' as total,
        record ->> '$.totalPayment' as paid,
        record ->> '$.discount' as discount,
        record ->> '$.status' as status_number,
        record ->> '$.statusValue' as status_text,
        record ->> '$.modifiedDate' as modified,
        record ->> '$.totalTax' as tax,
        record ->> '$.payments' as payments,
        record ->> '$.invoiceOrderSurcharges' as surcharges,
        record ->> '$.SaleChannel' as sale_channel
    from pages
    where record ->> '$.invoiceDetails' is not null
    union all
    select
        code,
        purchaseDate,
        customerCode,
        total,
        totalPayment,
        discount,
        status,
        statusValue,
        modifiedDate,
        totalTax,
        payments,
        invoiceOrderSurcharges,
        SaleChannel
    from api_invoices

),

invoices as (

    select
        "Mã hóa đơn" as order_id,
        "Email" as email,
        -- a spreadsheet reads the phone as a number and drops its leading 0
        case when not coalesce(is_walk_in, false) then regexp_replace("Điện thoại", '^([35789]\d{8})(\.0)?$', '0\1') end as phone,
        "Mã khách hàng" as contact_id,
        read_time(read_time("Thời gian", '%d/%m/%Y %H:%M:%S'), '%d/%m/%Y %H:%M') as ordered_at,
        "Trạng thái" as status,
        null as status_number,
        "Kênh bán" as sale_channel,
        "Khách cần trả" as total,
        "Khách đã trả" as paid,
        "Giảm giá hóa đơn" as discount,
        null as tax,
        null as shipping,
        -- the method with the largest amount among the four payment columns
        case
            when try_cast("Chuyển khoản" as double) > 0
                and try_cast("Chuyển khoản" as double) >= greatest(try_cast("Tiền mặt" as double), try_cast("Thẻ" as double), try_cast("Ví" as double))
                then 'transfer'
            when try_cast("Thẻ" as double) > 0 and try_cast("Thẻ" as double) >= greatest(try_cast("Tiền mặt" as double), try_cast("Ví" as double))
                then 'card'
            when try_cast("Ví" as double) > 0 and try_cast("Ví" as double) >= coalesce(try_cast("Tiền mặt" as double), 0) then 'wallet'
            when try_cast("Tiền mặt" as double) > 0 then 'cash'
        end as payment_method,
        -- the file name has the export time: use the later file, which has the latest state of the invoice
        strftime(try_strptime(regexp_extract(_file, 'KV(\d{8}-\d{6})', 1), '%d%m%Y-%H%M%S'), '%Y-%m-%d %H:%M:%S') as updated_at
    from sheet
    union all
    select
        code,
        -- not the phone of the delivery, which is the receiver's and may not be the buyer's
        null,
        null,
        customer_code,
        -- times have seven decimal digits of the second
        regexp_replace(purchased, '(\.\d{6})\d+', '\1'),
        status_text,
        status_number,
        try(sale_channel ->> '$.Name'),
        total,
        paid,
        discount,
        tax,
        -- the surcharges with a name of shipping (surcharges are part of the total); the delivery price is what the carrier charges, not the customer
        cast(list_sum(list_transform(
            list_filter(
                json_list(surcharges),
                lambda one: regexp_matches(lower(one ->> '$.surchargeName'), 'ship|vận chuyển|giao hàng')
            ),
            lambda one: try_cast(one ->> '$.price' as decimal(20, 2))
        )) as varchar),
        lower(try(payments ->> '$[0].method')),
        regexp_replace(modified, '(\.\d{6})\d+', '\1')
    from api

)

select
    invoices.order_id,
    invoices.email,
    invoices.phone,
    invoices.contact_id,
    invoices.ordered_at,
    case
        -- in progress: paid once the customer has paid everything, which with cash on delivery happens last
        when lower(trim(invoices.status)) = 'đang xử lý' or (invoices.status is null and invoices.status_number = '3')
            then case when try_cast(invoices.paid as double) >= try_cast(invoices.total as double) then 'paid' else 'pending' end
        else coalesce(by_text.ours, by_number.ours, invoices.status, invoices.status_number)
    end as status,
    coalesce(channels.ours, invoices.sale_channel) as sales_channel,
    cast(getvariable('currency') as varchar) as currency,
    -- the amount that the customer has to pay, not what was paid so far: it includes debts and cash on delivery
    invoices.total as total_amount,
    invoices.tax as tax_amount,
    invoices.shipping as shipping_amount,
    invoices.discount as discount_amount,
    invoices.payment_method,
    invoices.updated_at
from invoices
left join invoice_status as by_text on lower(trim(invoices.status)) = by_text.theirs
left join invoice_status as by_number on invoices.status_number = by_number.theirs
left join sale_channels as channels on lower(trim(invoices.sale_channel)) = channels.theirs
