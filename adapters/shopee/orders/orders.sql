-- One row an order. The file has a row a line of goods and repeats what is of the whole order on each of them.
with statuses as (

    -- a status may go on as a sentence (Hoàn thành: người mua …): the longest known beginning counts
    select
        lines.status,
        coalesce(arg_max(order_status.ours, length(order_status.theirs)), lines.status) as ours
    from (select distinct "Trạng Thái Đơn Hàng" as status from order_lines) as lines
    left join order_status on starts_with(lower(trim(lines.status)), order_status.theirs)
    group by lines.status

),

lines as (

    select
        order_lines._file,
        order_lines._row,
        trim("Mã đơn hàng") as order_id,
        "Ngày đặt hàng" as ordered_at,
        statuses.ours as status,
        coalesce(
            nullif(trim("SKU phân loại hàng"), ''),
            nullif(trim("SKU sản phẩm"), ''),
            -- goods without a number of their own: one by name
            'name-' || left(md5(concat_ws('|', "Tên sản phẩm", "Tên phân loại hàng")), 12)
        ) as product_id,
        "Tên sản phẩm" as product_name,
        "Số lượng" as quantity,
        try_cast("Số lượng" as decimal(12, 3)) as pieces,
        coalesce(try_cast("Số lượng sản phẩm được hoàn trả" as decimal(12, 3)), 0) as pieces_back,
        "Thời gian hoàn thành đơn hàng" as finished_at,
        "Phương thức thanh toán" as payment_method,
        "Người Mua" as buyer,
        "Số điện thoại" as phone,
        -- dong have no decimals: a point or comma before three digits is one of thousands; 17000.00 is plain
        case
            when regexp_full_match(columns('(?i)^(Giá ưu đãi|Tổng số tiền người mua thanh toán|Tổng số tiền người mua thanh toán \(2\)|Phí vận chuyển mà người mua trả)$'), '-?\d{1,3}([.,]\d{3})+') then regexp_replace(columns('(?i)^(Giá ưu đãi|Tổng số tiền người mua thanh toán|Tổng số tiền người mua thanh toán \(2\)|Phí vận chuyển mà người mua trả)$'), '[.,]', '', 'g')
            else columns('(?i)^(Giá ưu đãi|Tổng số tiền người mua thanh toán|Tổng số tiền người mua thanh toán \(2\)|Phí vận chuyển mà người mua trả)$')
        end as '\0'
    from order_lines
    left join statuses on order_lines."Trạng Thái Đơn Hàng" is not distinct from statuses.status
    where nullif(trim("Mã đơn hàng"), '') is not null

),

newest as (

    -- an order stands in the files of several days: the file where it has come furthest holds it whole
    select
        *,
        try_cast("Giá ưu đãi" as decimal(20, 2)) as price
    from lines
    qualify rank() over (
        partition by order_id
        order by
            coalesce(list_position(['pending', 'paid', 'shipped', 'completed', 'cancelled', 'returned'], status), 0) desc,
            list_last(regexp_extract_all(_file, '20\d{6}')) desc nulls last,
            _file desc
    ) = 1

),

-- which of the two totals a file has: the order's alone in older files
totals as (

    select
        _file,
        count("Tổng số tiền người mua thanh toán (2)") > 0 as has_both
    from lines
    group by _file

),

orders as (

    select
        newest.*,
        case
            when totals.has_both then "Tổng số tiền người mua thanh toán (2)" else "Tổng số tiền Người mua thanh toán"
        end as total,
        "Phí vận chuyển mà người mua trả" as shipping,
        sum(price * pieces) over (partition by order_id) as goods,
        sum(pieces) over (partition by order_id) as all_pieces,
        sum(pieces_back) over (partition by order_id) as all_pieces_back
    from newest
    left join totals on newest._file = totals._file
    qualify row_number() over (partition by order_id order by _row) = 1

)

select
    order_id,
    -- Shopee masks numbers (******12): the digits that are left would be one person's for all buyers who share them
    case when not regexp_matches(phone, '[*xX•]') then unquoted(phone) end as phone,
    -- the buyer's name on Shopee is the only thing that tells buyers apart, where it is not masked as well
    case when not contains(buyer, '*') then 'shopee:' || nullif(trim(buyer), '') end as contact_id,
    ordered_at,
    -- given back whole
    case when status = 'completed' and all_pieces_back > 0 and all_pieces_back >= all_pieces then 'returned' else status end as status,
    'marketplace' as sales_channel,
    cast(getvariable('currency') as varchar) as currency,
    total as total_amount,
    shipping as shipping_amount,
    cast(greatest(goods + coalesce(try_cast(shipping as decimal(20, 2)), 0) - try_cast(total as decimal(20, 2)), 0) as varchar) as discount_amount,
    payment_method
from orders
