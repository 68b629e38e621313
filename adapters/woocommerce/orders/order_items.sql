with lines as (
    select
        orders_json.id as order_id,
        in_order.line_number,
        nullif(as_json(in_order.line) ->> '$.variation_id', '0') as variation_id,
        nullif(as_json(in_order.line) ->> '$.product_id', '0') as product_id,
        as_json(in_order.line) ->> '$.sku' as sku,
        as_json(in_order.line) ->> '$.name' as name,
        as_json(in_order.line) ->> '$.quantity' as quantity,
        as_json(in_order.line) ->> '$.subtotal' as subtotal,
        as_json(in_order.line) ->> '$.total' as total
    from orders_json
    cross join unnest(json_list(orders_json.line_items)) with ordinality as in_order (line, line_number)
    where coalesce(filled(orders_json.parent_id), '0') = '0' and coalesce(orders_json.type, '') <> 'shop_order_refund'

    union all by name

    -- name:Shirt|sku:A1|quantity:2|total:6.00;name:…
    select
        orders_export.order_id,
        in_order.line_number,
        null as variation_id,
        filled(regexp_extract(in_order.line, '(?:^|\|)product_id:([^|]*)', 1)) as product_id,
        regexp_extract(in_order.line, '(?:^|\|)sku:([^|]*)', 1) as sku,
        regexp_extract(in_order.line, '(?:^|\|)name:([^|]*)', 1) as name,
        regexp_extract(in_order.line, '(?:^|\|)quantity:([^|]*)', 1) as quantity,
        coalesce(
            filled(regexp_extract(in_order.line, '(?:^|\|)sub_?total:([^|]*)', 1)),
            regexp_extract(in_order.line, '(?:^|\|)total:([^|]*)', 1)
        ) as subtotal,
        regexp_extract(in_order.line, '(?:^|\|)total:([^|]*)', 1) as total
    from orders_export
    cross join unnest(string_split(replace(replace(orders_export.line_items, ';name:', chr(30) || 'name:'), ';product_id:', chr(30) || 'product_id:'), chr(30)))
        with ordinality as in_order (line, line_number)
    where filled(orders_export.line_items) is not null
)

select
    order_id,
    cast(line_number as varchar) as line_number,
    coalesce(variation_id, product_id, filled(sku), name) as product_id,
    quantity,
    -- before discount and without tax; Woo's own `price` is after discount, so the discount would be subtracted twice
    coalesce(cast(cast(try_cast(subtotal as double) / nullif(try_cast(quantity as double), 0) as decimal(28, 4)) as varchar), subtotal) as unit_price,
    cast(try_cast(subtotal as decimal(28, 4)) - try_cast(total as decimal(28, 4)) as varchar) as discount_amount
from lines
