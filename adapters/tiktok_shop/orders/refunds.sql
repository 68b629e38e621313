-- Orders of which a part of the money went back. Cancelled ones were no sale, and those given back whole have the status returned.
with lines as (

    select
        _file,
        _row,
        -- ids end with a tab; one that a spreadsheet rounded (5.8387E+17) is that of many orders, and is left out so that the row is refused
        case when not regexp_matches("Order ID", '[.,Ee]') then unquoted("Order ID") end as order_id,
        "Order Status" as status,
        "Cancelation/Return Type" as return_type,
        coalesce(nullif(unquoted("Seller SKU"), ''), nullif(unquoted("SKU ID"), '')) as product_id,
        "Product Name" as product_name,
        "Product Category" as category,
        "Quantity" as quantity,
        read_time(read_time(unquoted("Created Time"), '%d/%m/%Y %H:%M:%S'), '%m/%d/%Y %I:%M:%S %p') as created_at,
        read_time(read_time(unquoted("Shipped Time"), '%d/%m/%Y %H:%M:%S'), '%m/%d/%Y %I:%M:%S %p') as shipped_at,
        read_time(read_time(unquoted("Delivered Time"), '%d/%m/%Y %H:%M:%S'), '%m/%d/%Y %I:%M:%S %p') as delivered_at,
        read_time(read_time(unquoted("Cancelled Time"), '%d/%m/%Y %H:%M:%S'), '%m/%d/%Y %I:%M:%S %p') as cancelled_at,
        "Buyer Username" as buyer,
        "Phone #" as phone,
        "Payment Method" as payment_method,
        -- dong have no decimals: points or commas before three digits are of thousands, and so is a comma anywhere before a point
        case
            when regexp_full_match(columns('^(SKU Unit Original Price|SKU Subtotal After Discount|Shipping Fee After Discount|Taxes|Order Amount|Order Refund Amount)$'), '-?\d{1,3}([.,]\d{3})+') then regexp_replace(columns('^(SKU Unit Original Price|SKU Subtotal After Discount|Shipping Fee After Discount|Taxes|Order Amount|Order Refund Amount)$'), '[.,]', '', 'g')
            else replace(columns('^(SKU Unit Original Price|SKU Subtotal After Discount|Shipping Fee After Discount|Taxes|Order Amount|Order Refund Amount)$'), ',', '')
        end as '\0'
    from order_lines
    -- the .xlsx explains its columns in a line below their names, whose ids are words
    where not regexp_matches(coalesce("Order ID", ''), '[[:alpha:]] ')

),

newest as (

    -- an order stands in the files of several days: the one where it has come furthest holds it whole
    select
        lines.*,
        coalesce(order_status.ours, lines.status) as status_read
    from lines
    left join order_status on lower(trim(lines.status)) = order_status.theirs
    qualify rank() over (
        partition by coalesce(lines.order_id, lines._file || lines._row)
        order by
            coalesce(list_position(['pending', 'paid', 'shipped', 'completed', 'cancelled'], coalesce(order_status.ours, lines.status)), 0) desc,
            lines._file desc
    ) = 1

),

orders as (

    select
        *,
        try_cast("Order Refund Amount" as decimal(20, 2)) as refunded,
        -- given back whole, so that nothing was sold
        regexp_matches(lower(coalesce(return_type, '')), 'return|refund')
        and try_cast("Order Refund Amount" as decimal(20, 2)) >= try_cast("Order Amount" as decimal(20, 2)) as is_returned
    from newest
    -- amounts of the order stand on each of its lines
    qualify row_number() over (partition by coalesce(order_id, _file || _row) order by _row) = 1

)

select
    order_id || '-refund' as refund_id,
    order_id,
    -- TikTok does not say when the money went back
    coalesce(nullif(cancelled_at, ''), nullif(delivered_at, ''), nullif(shipped_at, ''), created_at) as refunded_at,
    "Order Refund Amount" as amount,
    cast(getvariable('currency') as varchar) as currency,
    return_type as reason
from orders
where refunded > 0 and not is_returned and status_read <> 'cancelled'
