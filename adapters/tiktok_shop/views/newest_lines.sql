-- One row per order line, from the file with the most advanced status of its order.
with lines as (

    select
        _file,
        _row,
        -- ids end with a tab; an id rounded by a spreadsheet (5.8387E+17) would stand for many orders: set it to null, so that the row is quarantined
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
        -- VND has no decimals: points or commas before three digits separate thousands, and so does a comma anywhere before a point
        case
            when regexp_full_match(columns('^(SKU Unit Original Price|SKU Subtotal After Discount|Shipping Fee After Discount|Taxes|Order Amount|Order Refund Amount)$'), '-?\d{1,3}([.,]\d{3})+') then regexp_replace(columns('^(SKU Unit Original Price|SKU Subtotal After Discount|Shipping Fee After Discount|Taxes|Order Amount|Order Refund Amount)$'), '[.,]', '', 'g')
            else replace(columns('^(SKU Unit Original Price|SKU Subtotal After Discount|Shipping Fee After Discount|Taxes|Order Amount|Order Refund Amount)$'), ',', '')
        end as '\0'
    from order_lines
    -- leave out the line below the header in which the .xlsx explains its columns: its ids are words
    where not regexp_matches(coalesce("Order ID", ''), '[[:alpha:]] ')

)

-- an order can be in the files of several days: use the file with its most advanced status, which has all its lines
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
