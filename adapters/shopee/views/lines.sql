-- One row per order line and file, with the meaning of its status.
with statuses as (

    -- a status may continue as a sentence (Hoàn thành: người mua …): match the longest known prefix
    select
        lines.status,
        coalesce(arg_max(order_status.ours, length(order_status.theirs)), lines.status) as ours
    from (select distinct "Trạng Thái Đơn Hàng" as status from order_lines) as lines
    left join order_status on starts_with(lower(trim(lines.status)), order_status.theirs)
    group by lines.status

)

select
    order_lines._file,
    order_lines._row,
    trim("Mã đơn hàng") as order_id,
    "Ngày đặt hàng" as ordered_at,
    statuses.ours as status,
    coalesce(
        nullif(trim("SKU phân loại hàng"), ''),
        nullif(trim("SKU sản phẩm"), ''),
        -- products without an SKU are identified by name
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
    -- VND has no decimals: a point or comma before three digits separates thousands; 17000.00 is a plain number
    case
        when regexp_full_match(columns('(?i)^(Giá ưu đãi|Tổng số tiền người mua thanh toán|Tổng số tiền người mua thanh toán \(2\)|Phí vận chuyển mà người mua trả)$'), '-?\d{1,3}([.,]\d{3})+') then regexp_replace(columns('(?i)^(Giá ưu đãi|Tổng số tiền người mua thanh toán|Tổng số tiền người mua thanh toán \(2\)|Phí vận chuyển mà người mua trả)$'), '[.,]', '', 'g')
        else columns('(?i)^(Giá ưu đãi|Tổng số tiền người mua thanh toán|Tổng số tiền người mua thanh toán \(2\)|Phí vận chuyển mà người mua trả)$')
    end as '\0'
from order_lines
left join statuses on order_lines."Trạng Thái Đơn Hàng" is not distinct from statuses.status
where nullif(trim("Mã đơn hàng"), '') is not null
