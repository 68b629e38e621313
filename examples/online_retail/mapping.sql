-- From the lines of Online Retail II to the raw tables of the contract.
-- prepare.py runs this file with the variable `file` set, and writes one file for each table named raw_….

-- The file's times are a London shop's clock. With this, casts know when that clock was an hour ahead.
set TimeZone = 'Europe/London';

create temp table lines as
select
    file_row_number as file_row,
    cast("Invoice" as string) as invoice,
    -- One product is keyed '85123A' in one line and '85123a' in another.
    upper(trim(cast("StockCode" as string))) as stock_code,
    nullif(trim("Description"), '') as description,
    cast("Quantity" as bigint) as quantity,
    cast("InvoiceDate" as timestamp) as invoiced_at,
    -- Three decimals: 14 lines cost a tenth of a penny.
    cast("Price" as decimal(18, 3)) as unit_price,
    cast(cast("Customer ID" as bigint) as string) as customer_id,
    nullif(trim("Country"), 'Unspecified') as country,
    round(cast("Quantity" as bigint) * cast("Price" as decimal(18, 3)), 2) as amount
from read_parquet(getvariable('file'), file_row_number = true);

create temp table invoices as
with totals as (
    select
        invoice,
        any_value(customer_id) as customer_id,
        -- 41 invoices run over the turn of a minute: they were made when their first line was.
        strftime(cast(min(invoiced_at) as timestamptz), '%Y-%m-%dT%H:%M:%S%z') || ':00' as invoiced_at,
        sum(amount) as amount,
        bool_and(unit_price = 0) as is_unpriced
    from lines
    group by invoice
)

select
    *,
    case
        when invoice like 'C%' then 'cancellation'
        when invoice like 'A%' then 'adjustment'
        -- Nobody was sold anything: "damages", "found", "sold as set on dotcom" and the like correct the stock.
        when is_unpriced and customer_id is null then 'stock_movement'
        else 'sale'
    end as kind
from totals;

-- A stock movement is the shop's own doing. Given to a contact marked internal it is neither a sale nor thousands of
-- unknown buyers.
create temp table raw_contacts as
select
    customer_id as contact_id,
    -- Five customers moved; the invoice's number breaks a tie within a minute.
    max_by(country, (invoiced_at, invoice)) as country,
    false as is_internal,
    strftime(cast(min(invoiced_at) as timestamptz), '%Y-%m-%dT%H:%M:%S%z') || ':00' as created_at
from lines
where customer_id is not null
group by customer_id
union all
select
    'stock' as contact_id,
    null as country,
    true as is_internal,
    min(invoiced_at) as created_at
from invoices
where kind = 'stock_movement'
having count(*) > 0
order by contact_id;

-- The adjustments are orders with a negative total, so that the warehouse itself refuses them and says so.
create temp table raw_orders as
select
    invoice as order_id,
    if(kind = 'stock_movement', 'stock', customer_id) as contact_id,
    invoiced_at as ordered_at,
    'completed' as status,
    'online_store' as sales_channel,
    'GBP' as currency,
    cast(amount as decimal(18, 2)) as total_amount
from invoices
where kind <> 'cancellation'
order by invoice;

-- The file numbers no line. Of two equal lines on an invoice nobody can say whether a product was scanned twice or
-- typed twice, and the invoice's total holds both: the line's place on the invoice keeps them apart.
create temp table raw_order_items as
select
    invoice as order_id,
    row_number() over (partition by invoice order by file_row) as line_number,
    stock_code as product_id,
    quantity,
    unit_price
from lines
where invoice in (select order_id from raw_orders)
order by order_id, line_number;

-- A cancellation names no order, so neither do the refunds. C496350 charges where the others give back: as a refund
-- it is negative, and the warehouse refuses it.
create temp table raw_refunds as
select
    invoice as refund_id,
    invoiced_at as refunded_at,
    cast(-amount as decimal(18, 2)) as amount
from invoices
where kind = 'cancellation'
order by invoice;

create temp table raw_products as
with names as (
    select
        stock_code,
        description,
        count(*) as line_count
    from lines
    -- On a line without a price stands the stockkeeper's remark ("?", "damages"), not the product's name.
    where description is not null and unit_price <> 0
    group by stock_code, description
),

best_names as (
    select
        stock_code,
        description
    from names
    qualify row_number() over (partition by stock_code order by line_count desc, description) = 1
)

select
    codes.stock_code as product_id,
    coalesce(best_names.description, codes.stock_code) as product_name,
    case
        when codes.stock_code in ('POST', 'DOT', 'C2', 'C3') then 'postage'
        when codes.stock_code in ('ADJUST', 'ADJUST2', 'AMAZONFEE', 'B', 'BANK CHARGES', 'D', 'M', 'S')
            then 'adjustment'
        when codes.stock_code like 'GIFT%' then 'gift_voucher'
        when codes.stock_code like 'TEST%' then 'test'
        else 'merchandise'
    end as category
from (select distinct stock_code from lines) as codes
left join best_names on codes.stock_code = best_names.stock_code
order by codes.stock_code;

-- The shop's website left nothing in the file, yet web/events is a required table.
create temp table raw_events (
    event_id string,
    anonymous_id string,
    occurred_at string,
    event_name string
);
