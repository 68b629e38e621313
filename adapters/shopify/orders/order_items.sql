with csv_rows as (
    select
        *,
        sum(case when filled("Total") is not null then 1 else 0 end) over (partition by _file, "Name" order by _row) as order_of_name
    from orders_export
)

select
    coalesce(exact_id(max("Id") over of_order), "Name") as order_id,
    cast(row_number() over of_order_so_far as varchar) as line_number,
    -- tips and products without an SKU are identified by name
    coalesce(filled(unquoted("Lineitem sku")), "Lineitem name") as product_id,
    "Lineitem quantity" as quantity,
    "Lineitem price" as unit_price,
    "Lineitem discount" as discount_amount,
    null as unit_cost,
    null as is_deleted
from csv_rows
window
    of_order as (partition by _file, "Name", order_of_name),
    of_order_so_far as (partition by _file, "Name", order_of_name order by _row)

union all by name

select
    orders_json.id as order_id,
    cast(lines.line_number as varchar) as line_number,
    -- custom lines and deleted products have no product id
    coalesce(as_json(lines.line) ->> '$.product_id', filled(as_json(lines.line) ->> '$.sku'), as_json(lines.line) ->> '$.title', as_json(lines.line) ->> '$.name') as product_id,
    as_json(lines.line) ->> '$.quantity' as quantity,
    as_json(lines.line) ->> '$.price' as unit_price,
    -- the allocations have every discount of the line; total_discount has only manual ones
    coalesce(
        cast((
            select sum(try_cast(as_json(allocation) ->> '$.amount' as decimal(28, 4)))
            from unnest(json_list(as_json(lines.line) -> '$.discount_allocations')) as allocations (allocation)
        ) as varchar),
        as_json(lines.line) ->> '$.total_discount'
    ) as discount_amount,
    null as unit_cost,
    null as is_deleted
from orders_json
cross join unnest(json_list(orders_json.line_items)) with ordinality as lines (line, line_number)

union all by name

select
    order_line.order_id,
    -- the position is not unique after an order was edited
    order_line.id as line_number,
    coalesce(filled(order_line.product_id), filled(order_line.sku), order_line.title, order_line.name) as product_id,
    order_line.quantity,
    -- the GraphQL version of the tables has the total price of the line
    coalesce(
        filled(order_line.price),
        cast(try_cast(try_cast(order_line.original_total_set_shop_amount as double) / nullif(try_cast(order_line.quantity as double), 0) as decimal(28, 4)) as varchar),
        order_line.original_total_set_shop_amount
    ) as unit_price,
    coalesce(allocated.amount, filled(order_line.total_discount_set_shop_amount), order_line.total_discount) as discount_amount,
    inventory_item.cost as unit_cost,
    order_line._fivetran_deleted as is_deleted
from order_line
left join (
    select order_line_id, cast(sum(try_cast(amount as decimal(28, 4))) as varchar) as amount
    from discount_allocation
    group by order_line_id
) as allocated on order_line.id = allocated.order_line_id
left join product_variant on order_line.variant_id = product_variant.id
left join inventory_item on product_variant.inventory_item_id = inventory_item.id
