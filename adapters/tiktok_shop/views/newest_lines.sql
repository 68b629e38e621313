-- One row a line of goods, of the file where its order has come furthest.
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

)

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
