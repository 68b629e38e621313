with csv_rows as (
    select
        *,
        -- only the first row of a handle has title and type
        max(filled("Title")) over (partition by _file, "Handle") as product_title,
        max(filled("Type")) over (partition by _file, "Handle") as product_type,
        -- the variant's name as in order lines: "Shirt - M / Red"; a product without options has the option "Default Title"
        array_to_string(list_filter(["Option1 Value", "Option2 Value", "Option3 Value"], lambda option: filled(option) is not null), ' / ') as options
    from products_export
)

select
    coalesce(filled(unquoted("Variant SKU")), concat_ws(' - ', product_title, nullif(nullif(options, 'Default Title'), ''))) as product_id,
    concat_ws(' - ', product_title, nullif(nullif(options, 'Default Title'), '')) as product_name,
    product_type as category,
    "Cost per item" as unit_cost,
    null as updated_at,
    null as is_deleted
from csv_rows
-- rows without a price are further images of the product
where filled("Variant Price") is not null

union all by name

select id as product_id, title as product_name, filled(product_type) as category, null as unit_cost, updated_at, null as is_deleted
from products_json

union all by name

select id as product_id, title as product_name, filled(product_type) as category, null as unit_cost, utc_time(updated_at) as updated_at, _fivetran_deleted as is_deleted
from product
