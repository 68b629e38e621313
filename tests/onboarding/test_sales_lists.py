"""Lists of sales from `init` to landed rows: refunds among them, a row for each line, totals that no column has."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from customer_journey.errors import InputError
from customer_journey.landing.land import land
from customer_journey.privacy import erasure
from customer_journey.raw.formulas import parse
from customer_journey.raw.mapping import read_mapping
from onboarding.judge import judge
from onboarding.propose import propose
from onboarding.values import number_in, numbers_of
from onboarding.write import mapping_text, settings_text

from tests.onboarding.files import lines, write
from tests.onboarding.refusal import refusal_of

ORDERS = "select order_id, left(ordered_at, 10), cast(total_amount as double) from raw_orders.orders order by 1"
TAXES = "select order_id, cast(tax_amount as double) from raw_orders.orders order by 1"
ITEMS = (
    "select order_id, product_id, cast(quantity as double), cast(unit_price as double) from raw_orders.order_items"
    " order by all"
)
REFUNDS = "select refund_id, order_id, left(refunded_at, 10), cast(amount as double) from raw_orders.refunds order by 1"


class Sales(NamedTuple):
    """A list of sales, and the rows that land of it by query."""

    rows: Sequence[str]
    landed: Mapping[str, Sequence[tuple[Any, ...]]]
    name: str = "sales.csv"


# quantities and prices of lines alone; an invoice that begins with C takes goods back
LINES = Sales(
    (
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID",
        "536365,85123A,LAMP,6,12/1/2025 8:26,2.55,17850",
        "536365,71053,LANTERN,6,12/1/2025 8:26,3.39,17850",
        "536366,22633,WARMER,6,12/1/2025 8:28,1.85,17850",
        "C536391,22556,PLASTERS,-12,12/13/2025 10:24,1.65,17548",
        "C536391,21984,TISSUES,-24,12/13/2025 10:24,0.29,17548",
    ),
    {
        # 6 x 2.55 + 6 x 3.39; 6 x 1.85
        ORDERS: [("536365", "2025-12-01", 35.64), ("536366", "2025-12-01", 11.1)],
        ITEMS: [("536365", "71053", 6, 3.39), ("536365", "85123A", 6, 2.55), ("536366", "22633", 6, 1.85)],
        # 12 x 1.65 + 24 x 0.29; nothing names the order
        REFUNDS: [("C536391", None, "2025-12-13", 26.76)],
    },
)
# a till's lines: sales without tax, discounts, currency signs, refunds below zero
TILL = Sales(
    (
        "Date,Time,Item,Qty,SKU,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Event Type,Customer ID",
        "01/05/26,09:15:00,Latte,1.0,L1,$4.50,$0.00,$4.50,$0.40,T1,Payment,C1",
        "01/05/26,09:15:00,Latte,2.0,L1,$8.00,-$1.00,$7.00,$0.53,T1,Payment,C1",
        '01/15/26,10:02:00,Beans,1.0,B9,"$1,030.00",-$3.00,"$1,027.00",$2.16,T2,Payment,',
        "01/16/26,08:10:00,Latte,-1.0,L1,-$4.50,$0.00,-$4.50,-$0.40,T3,Refund,C1",
    ),
    {
        # 4.50 + 0.40 + 7 + 0.53; 1027 + 2.16
        ORDERS: [("T1", "2026-01-05", 12.43), ("T2", "2026-01-15", 1029.16)],
        TAXES: [("T1", 0.93), ("T2", 2.16)],
        # the name of an item is no number of its line: both lattes land
        ITEMS: [("T1", "L1", 1, 4.5), ("T1", "L1", 2, 3.5), ("T2", "B9", 1, 1027)],
        REFUNDS: [("T3", None, "2026-01-16", 4.9)],
    },
)
# invoices with their total and its tax in each line; a credit note is above zero and names its invoice
INVOICES = Sales(
    (
        "*InvoiceNumber,Reference,*InvoiceDate,*DueDate,Total,TaxTotal,InventoryItemCode,*Quantity,*UnitAmount,"
        "LineAmount,TaxAmount,Currency,EmailAddress,Type,Status",
        "INV-1,PO-9,13/01/2026,12/02/2026,120.00,20.00,W1,1,40.00,40.00,8.00,GBP,a@acme.example,Sales invoice,Paid",
        "INV-1,PO-9,13/01/2026,12/02/2026,120.00,20.00,W2,1,60.00,60.00,12.00,GBP,a@acme.example,Sales invoice,Paid",
        "INV-2,,14/01/2026,13/02/2026,60.00,10.00,W1,1,50.00,50.00,10.00,GBP,b@bolt.example,Sales invoice,Paid",
        "CN-1,INV-1,20/01/2026,,60.00,10.00,W1,1,50.00,50.00,10.00,GBP,a@acme.example,Sales credit note,Paid",
    ),
    {
        ORDERS: [("INV-1", "2026-01-13", 120), ("INV-2", "2026-01-14", 60)],
        # the tax of the whole invoice, not of its first line
        TAXES: [("INV-1", 20), ("INV-2", 10)],
        ITEMS: [("INV-1", "W1", 1, 40), ("INV-1", "W2", 1, 60), ("INV-2", "W1", 1, 50)],
        REFUNDS: [("CN-1", "INV-1", "2026-01-20", 60)],
    },
)
# a marketplace's report: prices, taxes and shipping of a line in columns of their own
PARTS = Sales(
    (
        "amazon-order-id\tpurchase-date\torder-status\tsku\tquantity\tcurrency\titem-price\titem-tax\tshipping-price"
        "\tshipping-tax\titem-promotion-discount",
        "111-1\t2026-01-05T09:00:00+00:00\tShipped\tL1\t1\tUSD\t20.00\t1.60\t5.00\t0.40\t2.00",
        "111-1\t2026-01-05T09:00:00+00:00\tShipped\tC1\t2\tUSD\t16.00\t1.28\t0.00\t0.00\t",
        "111-3\t2026-01-08T09:00:00+00:00\tShipped\tP1\t1\tUSD\t7.50\t0.60\t\t\t",
    ),
    {
        # 20 + 1.60 + 5 + 0.40 - 2 + 16 + 1.28; 7.50 + 0.60
        ORDERS: [("111-1", "2026-01-05", 42.28), ("111-3", "2026-01-08", 8.1)],
        # 1.60 + 0.40 + 1.28
        TAXES: [("111-1", 3.28), ("111-3", 0.6)],
        ITEMS: [("111-1", "C1", 2, 8), ("111-1", "L1", 1, 20), ("111-3", "P1", 1, 7.5)],
    },
    "orders.tsv",
)
# order 1 was given back in two parts under its own number
SAME_NUMBER = Sales(
    (
        "Bestellnummer;Datum;E-Mail;Gesamtbetrag;Status",
        "1;13.01.2026;a@example.de;100,00;bezahlt",
        "2;14.01.2026;b@example.de;1.050,50;bezahlt",
        "1;15.01.2026;a@example.de;-30,00;bezahlt",
        "1;16.01.2026;a@example.de;(20,00 €);bezahlt",
    ),
    {
        ORDERS: [("1", "2026-01-13", 100), ("2", "2026-01-14", 1050.5)],
        REFUNDS: [("1", "1", "2026-01-15", 30), ("1-2", "1", "2026-01-16", 20)],
    },
)


# two lines of one price are two lines; parts of a total that are of the whole order are not added up
ONE_PRICE = Sales(
    (
        "Invoice No,Date,Email,SKU,Qty,Price,Amount,Status",
        "1,2026-01-13,a@example.com,A,1,50.00,50.00,paid",
        "1,2026-01-13,a@example.com,B,1,50.00,50.00,paid",
    ),
    {ORDERS: [("1", "2026-01-13", 100)], ITEMS: [("1", "A", 1, 50), ("1", "B", 1, 50)]},
)
PARTS_OF_ORDER = Sales(
    (
        "Invoice No,Date,Email,SKU,Qty,Price,Net sales,Tax,Status",
        "1,2026-01-13,a@example.com,A,1,40.00,100.00,20.00,paid",
        "1,2026-01-13,a@example.com,B,1,60.00,100.00,20.00,paid",
    ),
    {ORDERS: [("1", "2026-01-13", 120)], ITEMS: [("1", "A", 1, 40), ("1", "B", 1, 60)]},
)


@pytest.mark.parametrize(
    "sales",
    [LINES, TILL, INVOICES, PARTS, SAME_NUMBER, ONE_PRICE, PARTS_OF_ORDER],
    ids=["lines", "till", "invoices", "parts of a total", "same number", "one price", "parts of the order"],
)
def test_from_init_to_landed_rows(sales: Sales, tmp_path: Path) -> None:
    """Nothing is edited between `init` and the landing, and no row is refused."""
    write(tmp_path, sales.name, lines(*sales.rows))
    proposal = propose(tmp_path, None, None)
    (tmp_path / "mapping.yml").write_text(mapping_text(proposal), encoding="utf-8")
    (tmp_path / "vars.yml").write_text(settings_text(proposal) or "", encoding="utf-8")
    with duckdb.connect() as connection:
        erasure.prepare(connection)
        land(connection, tmp_path, lambda table, share: None)
        assert {query: connection.execute(query).fetchall() for query in sales.landed} == sales.landed
        # every row of the list is accounted for
        (read,) = connection.execute("select distinct export_rows from private.sources").fetchall()
        assert read[0] == len(sales.rows) - 1
    assert [judgement.refused for judgement in judge(tmp_path).judgements] == [0] * sum(
        query != TAXES for query in sales.landed
    )


def test_a_list_without_refunds_and_lines_stays_as_it_is(tmp_path: Path) -> None:
    """Payment states that speak of refunds make no refunds of orders, and versions of an order are not added up."""
    write(
        tmp_path,
        "orders.csv",
        lines(
            "Order ID,Order date,Email,Order status,Payment state,Total,Updated at",
            "1,2026-01-13,a@example.com,completed,refunded,100,2026-01-20",
            "1,2026-01-13,a@example.com,paid,paid,90,2026-01-13",
            "2,2026-01-14,b@example.com,completed,paid,50,2026-01-14",
        ),
    )
    (source,) = propose(tmp_path, None, None).sources
    assert (source.refund_rows, source.summed_per, source.one_row_per, source.computed) == ("", "", "", {})


def test_sales_without_a_status_are_told_to_be_taken_for_completed(tmp_path: Path) -> None:
    write(
        tmp_path, "sales.csv", lines("Invoice No,Invoice Date,Mobile,Bill Amount", "IN/1,15-01-2026,+919876543210,950")
    )
    (source,) = propose(tmp_path, None, None).sources
    assert (source.missing, source.constants["status"].value) == ([], "completed")
    assert not source.constants["status"].is_sure


# two shops count their receipts alike
SHOPS = Sales(
    (
        "Loja;Nº venda;Data;E-mail;Produto;Qtde;Valor unitário;Valor total;Status",
        "1;100;15/01/2026;ana@example.com.br;A1;1;10,00;10,00;Pago",
        "2;100;15/01/2026;bia@example.com.br;A1;2;10,00;20,00;Pago",
        "1;101;16/01/2026;ana@example.com.br;B1;1;5,50;5,50;Pago",
        "1;101;16/01/2026;ana@example.com.br;A1;1;10,00;10,00;Pago",
    ),
    {ORDERS: [("1 100", "2026-01-15", 10), ("1 101", "2026-01-16", 15.5), ("2 100", "2026-01-15", 20)]},
)
# amounts in thousands and in cents
THOUSANDS = Sales(
    ("Số đơn hàng,Ngày đặt hàng,Email,Tổng tiền (nghìn đồng),Trạng thái", "1,15/01/2026,a@vidu.vn,1250,Hoàn thành"),
    {ORDERS: [("1", "2026-01-15", 1250000)]},
)
CENTS = Sales(
    ("Order ID,Order date,Customer email,amount_cents,Status", "1,2026-01-15,a@example.com,1999,paid"),
    {ORDERS: [("1", "2026-01-15", 19.99)]},
)


@pytest.mark.parametrize("sales", [SHOPS, THOUSANDS, CENTS], ids=["shops", "thousands", "cents"])
def test_numbers_that_mean_something_else_than_they_say(sales: Sales, tmp_path: Path) -> None:
    write(tmp_path, "orders.csv", lines(*sales.rows))
    (tmp_path / "mapping.yml").write_text(mapping_text(propose(tmp_path, None, None)), encoding="utf-8")
    with duckdb.connect() as connection:
        erasure.prepare(connection)
        land(connection, tmp_path, lambda table, share: None)
        assert {query: connection.execute(query).fetchall() for query in sales.landed} == sales.landed


def test_several_currencies_in_the_cells_of_one_column_are_told(tmp_path: Path) -> None:
    rows = ('1,2026-01-15,a@example.com,"$1,200.50",paid', "2,2026-01-16,b@example.com,€99.00,paid")
    write(tmp_path, "orders.csv", lines("Order ID,Order date,Email,Total,Status", *rows))
    (source,) = propose(tmp_path, None, None).sources
    assert any("Total has amounts in several currencies ($, EUR)" in note for note in source.notes)
    assert not source.constants["currency"].is_sure


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("Quantity * [Price]", "'Quantity * [Price]' is neither a column in brackets"),
        ("[Quantity] *", "it ends where a column is expected"),
        ("[Quantity] [Price]", "'Price' stands where a sign or the end is expected"),
        ("([Quantity] + [Price]", "a bracket is not closed"),
        ("* [Price]", "'*' stands where a column is expected"),
        ("5 * 2", "it names no column"),
    ],
)
def test_formulas_that_cannot_be_followed(formula: str, said: str, tmp_path: Path) -> None:
    write(tmp_path, "mapping.yml", f"tables:\n  orders/orders:\n    computed: {{total_amount: '{formula}'}}\n")
    with pytest.raises(InputError) as refused:
        read_mapping(tmp_path)
    assert said in str(refused.value) and 'Write for example "[Quantity] * [Price]"' in str(refused.value)


@pytest.mark.parametrize(
    ("formula", "values", "result"),
    [
        ("[a] + [b] * [c]", ("1", "2", "3"), 7.0),
        ("([a] + [b]) * [c]", ("1", "2", "3"), 9.0),
        ("[a] - [b] - [c]", ("10", "2", "3"), 5.0),
        ("-[a] / 100", ("1250", "", ""), -12.5),
        # blank is nothing to add, but no price makes no total
        ("[a] + [b]", ("5", "", ""), 5.0),
        ("[a] + [b]", ("", "", ""), None),
        ("[a] * [b]", ("5", "", ""), None),
        ("[a] / [b]", ("5", "0", ""), None),
        ("[a] * [b]", ("$2.55", "6", ""), 15.3),
        # 99 times the column that is added, and as often the one that is taken away
        ("[a]" + " + [a]" * 49 + " - [b]" * 50, ("3", "2", ""), 50.0),
    ],
)
def test_what_formulas_yield(formula: str, values: Sequence[str], result: float | None, tmp_path: Path) -> None:
    """The build and the proposal work out the same number."""
    row = ",".join(values)
    write(tmp_path, "orders.csv", f"id,day,a,b,c\n1,2026-01-13,{row}\n")
    write(
        tmp_path,
        "mapping.yml",
        "tables:\n  orders/orders:\n    files: [orders.csv]\n    columns: {order_id: id, ordered_at: day}\n"
        f"    computed: {{total_amount: '{formula}'}}\n    constants: {{status: paid}}\n",
    )
    with duckdb.connect() as connection:
        erasure.prepare(connection)
        land(connection, tmp_path, lambda table, share: None)
        (found,) = connection.execute("select cast(total_amount as double) from raw_orders.orders").fetchall()
    assert found[0] == result
    cells = dict(zip("abc", values, strict=True))
    proposed = parse(formula).value(lambda column: number_in(cells[column], numbers_of([cells[column]])))
    assert (None if proposed is None else float(proposed)) == result
    assert parse(formula).columns() == tuple(name for name in "abc" if f"[{name}]" in formula)


def test_a_cell_that_is_no_number_refuses_its_order(tmp_path: Path) -> None:
    write(tmp_path, "orders.csv", "id,day,a,b\n1,2026-01-13,5,six\n1,2026-01-13,5,6\n2,2026-01-13,5,6\n")
    write(
        tmp_path,
        "mapping.yml",
        "tables:\n  orders/orders:\n    files: [orders.csv]\n    columns: {order_id: id, ordered_at: day}\n"
        "    summed_per: order_id\n    computed: {total_amount: '[a] * [b]'}\n    constants: {status: paid}\n",
    )
    (orders,) = judge(tmp_path).judgements
    (refusal,) = orders.refusals
    assert (orders.accepted, refusal.reason, refusal.place, refusal.column, refusal.value) == (
        1,
        "invalid_total_amount",
        "orders.csv, line 2",
        "a or b",
        "5 six",
    )


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("crm/deals: {refund_rows: negative}", "refund_rows: cannot stand here, only in orders/orders"),
        ("orders/orders: {refund_rows: below zero}", "must be `negative` or a column with values"),
        ("orders/orders: {refund_rows: {Type: []}}", "Type: names no value"),
        ("orders/orders: {summed_per: order}", "orders/orders has no column order. Did you mean order_id?"),
        ("orders/orders: {computed: {status: '[a]'}}", "computed: status is no number"),
        ("orders/orders: {columns: {total_amount: [a, b]}}", "total_amount can have only one column. Name a formula"),
        (
            "orders/orders: {columns: {ordered_at: [a, b]}}",
            "ordered_at can have only one column. Name the column of the time",
        ),
        (
            "orders/orders: {columns: {total_amount: a}, computed: {total_amount: '[a] * [b]'}}",
            "total_amount is both in computed and in columns",
        ),
        ("orders/orders: {calendar: thai}", "calendar 'thai' is unknown. Write buddhist"),
        ("crm/contacts: {columns: {full_name: []}}", "full_name: names no column"),
    ],
)
def test_lines_of_the_mapping_that_cannot_be_followed(entry: str, said: str, tmp_path: Path) -> None:
    write(tmp_path, "mapping.yml", f"tables:\n  {entry}\n")
    with pytest.raises(InputError) as refused:
        read_mapping(tmp_path)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("lines_of_mapping", "said"),
    [
        ("refund_rows: {Typ: [Credit]}", "refund_rows: there is no column Typ. Did you mean Type?"),
        ("computed: {tax_amount: '[Totl] / 5'}", "computed: tax_amount: there is no column Totl. Did you mean Total?"),
    ],
)
def test_columns_that_nobody_has(lines_of_mapping: str, said: str, tmp_path: Path) -> None:
    write(tmp_path, "sales.csv", lines("Nr,Day,Type,Total", "1,2026-01-13,Invoice,10"))
    columns = "columns: {order_id: Nr, ordered_at: Day, total_amount: Total}\n    constants: {status: paid}"
    assert said in refusal_of(tmp_path, f"{columns}\n    {lines_of_mapping}")


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("Customer ID,First Name,Last Name,Email,Created", "7,Ann,Lee,a@example.com,2026-01-13", "Ann Lee"),
        ("Kundennummer,Nachname,Vorname,E-Mail,Erstellt am", "7,Müller,Urs,u@example.ch,2026-01-13", "Urs Müller"),
        # the family's name stands before the given one
        ("Mã khách hàng,Họ,Tên,Email,Ngày tạo", "7,Nguyễn,Lan,l@vidu.vn,2026-01-13", "Nguyễn Lan"),
        # Nom alone would be taken for the whole name
        ("Code client,Nom,Prénom,Courriel,Créé le", "7,Favre,Léa,l@exemple.fr,2026-01-13", "Léa Favre"),
        ("Customer ID,First Name,Last Name,Email,Created", "7,,Lee,a@example.com,2026-01-13", "Lee"),
    ],
)
def test_first_and_last_names_in_two_columns(header: str, row: str, name: str, tmp_path: Path) -> None:
    write(tmp_path, "customers.csv", lines(header, row))
    (tmp_path / "mapping.yml").write_text(mapping_text(propose(tmp_path, None, None)), encoding="utf-8")
    with duckdb.connect() as connection:
        erasure.prepare(connection)
        report = land(connection, tmp_path, lambda table, share: None)
        assert connection.execute("select contact_id, full_name from raw_crm.contacts").fetchall() == [("7", name)]
    assert report.drift == []
