"""`journey check` on a folder: it lands rows as a build does, and reports what is refused and how to correct it."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from customer_journey.cli import app
from customer_journey.raw.mapping import Reading
from onboarding.judge import Verdict, advice_on, judge
from onboarding.lines import line_of_row
from onboarding.propose import propose
from onboarding.write import mapping_text, settings_text

from tests.onboarding.files import INVOICES, lines, workbook, write


def started(folder: Path, *, with_refunds: bool = True) -> None:
    """Propose and write mapping.yml, as `journey init` does; `with_refunds` as proposed, else no row is one."""
    proposal = propose(folder, None, None)
    if not with_refunds:
        proposal.sources = [source for source in proposal.sources if source.table.label != "orders/refunds"]
        for source in proposal.sources:
            source.refund_rows = ""
    write(folder, "mapping.yml", mapping_text(proposal))
    if (settings := settings_text(proposal)) is not None:
        write(folder, "vars.yml", settings)


def counts(verdict: Verdict) -> dict[str, tuple[int, int, int]]:
    """Return the numbers of rows, accepted rows and refused rows by table."""
    return {
        judgement.table.label: (judgement.rows, judgement.accepted, judgement.refused)
        for judgement in verdict.judgements
    }


def test_files_of_all_forms_land_as_they_were_proposed(tmp_path: Path) -> None:
    write(tmp_path, "don hang 2025.csv", "\ufeff" + lines(*INVOICES, end="\r\n"))
    write(tmp_path, "don hang.tsv", lines(*(row.replace(";", "\t").replace("HD", "B") for row in INVOICES)), "utf-16")
    workbook(
        tmp_path / "khach hang.xlsx",
        {"Sheet1": [["DANH SÁCH KHÁCH"], ["Mã khách hàng", "SĐT", "Ngày tạo"], ["KH1", "0911000001", "14/01/2026"]]},
    )
    write(
        tmp_path,
        "customers.json",
        '{"customers": [{"customerId": "K9", "email": "a@example.com", "createdAt": "2026-01-15T10:00:00Z"}]}',
    )
    # Windows-1258 writes tones as combining marks after the letter
    windows = "Ma\u0303 kha\u0301ch ha\u0300ng;Email;Nga\u0300y ta\u0323o\nKH7;g@vidu.vn;15/01/2026\n"
    write(tmp_path, "khach cu.csv", windows, "cp1258")
    started(tmp_path)
    verdict = judge(tmp_path)
    assert counts(verdict) == {"crm/contacts": (3, 3, 0), "orders/orders": (6, 6, 0)}
    # HD1 + HD2 = 1,250,000 + 450,000, in either file; HD3 was cancelled
    assert verdict.orders == [("completed", 4, "3,400,000 VND"), ("cancelled", 2, "25,000,000 VND")]
    assert [judgement.days for judgement in verdict.judgements] == [
        ("2026-01-14", "2026-01-15"),
        ("2026-01-13", "2026-02-03"),
    ]


BROKEN = (
    "Mã đơn;Thời gian;Điện thoại;Tổng cộng;Trạng thái;Ghi chú",
    'HD1;13/01/2026 09:30;0911000001;1.250.000;Hoàn thành;"hai',
    'dòng"',
    "HD2;14/01/2026 09:30;0911000001;1.250.000;Bay mất;",
    "",
    "HD3;31/02/2026 09:30;0911000001;1.250.000;Hoàn thành;",
    "HD4;15/01/2026 09:30;0911000001;-1.250.000;Hoàn thành;",
    "HD5;16/01/2026 09:30;0911000001;nhiều;Hoàn thành;",
    ";16/01/2026 09:30;0911000001;1.250.000;Hoàn thành;",
    "HD6;16/01/2026 09:30;0911000001;1.250.000;Bay mất;",
)


def test_each_refusal_names_its_line_column_value_and_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, "don hang.csv", lines(*BROKEN, end="\r\n"))
    started(tmp_path, with_refunds=False)
    (orders,) = judge(tmp_path).judgements
    assert (orders.rows, orders.accepted, orders.refused) == (7, 1, 6)
    found = {refusal.reason: refusal for refusal in orders.refusals}
    assert {reason: (one.rows, one.place, one.column, one.value) for reason, one in found.items()} == {
        "unmapped_status": (2, "don hang.csv, line 4", "Trạng thái", "Bay mất"),
        "invalid_ordered_at": (1, "don hang.csv, line 6", "Thời gian", "31/02/2026 09:30"),
        "negative_total_amount": (1, "don hang.csv, line 7", "Tổng cộng", "-1250000"),
        "invalid_total_amount": (1, "don hang.csv, line 8", "Tổng cộng", "nhiều"),
        "missing_order_id": (1, "don hang.csv, line 9", "Mã đơn", ""),
    }
    assert found["negative_total_amount"].advice == (
        "if the money was given back, write refund_rows: negative in mapping.yml or deliver the row in orders/refunds; "
        "write discounts and taxes without the minus"
    )
    assert found["unmapped_status"].advice == "map the value 'Bay mất', see below"


def test_unmapped_values_are_counted_with_the_command_to_paste(tmp_path: Path) -> None:
    write(tmp_path, "don hang.csv", lines(*BROKEN, end="\r\n"))
    started(tmp_path, with_refunds=False)
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.exit_code == 0, result.output
    command = f"journey map-value {tmp_path} orders/orders status 'Bay mất' ???"
    assert f"{command}   # 2 rows, refused; seeds/order_status_map.csv" in result.output
    mapped = CliRunner().invoke(app, ["map-value", str(tmp_path), "orders/orders", "status", "Bay mất", "cancelled"])
    assert mapped.exit_code == 0, mapped.output
    (orders,) = judge(tmp_path).judgements
    assert (orders.accepted, orders.refused) == (3, 4)


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (
            "order_id,ordered_at,status,total_amount\n1,13/01/2026 10:00,paid,10\n",
            'write date_format: "%d/%m/%Y %H:%M" for orders/orders in mapping.yml',
        ),
        (
            'order_id,ordered_at,status,total_amount\n1,2026-01-13,paid,"1.250,50"\n',
            'write decimal: "," and thousands: "." for orders/orders in mapping.yml',
        ),
        (
            "order_id,ordered_at,status,total_amount,currency\n1,2026-01-13,paid,10,EUR\n",
            "if it is your own currency, write reporting_currency: EUR in vars.yml",
        ),
        (
            "order_id,ordered_at,status,total_amount\n1,13 Jan 2026,paid,10\n",
            'write date_format: "%d %b %Y" for orders/orders in mapping.yml',
        ),
        (
            "order_id,ordered_at,status,total_amount\n1,46023,paid,10\n",
            "it is the number by which a spreadsheet stores 2026-01-01: format the column as a date",
        ),
        ("order_id,ordered_at,status,total_amount\n1,#####,paid,10\n", "the column was too narrow"),
        ("order_id,ordered_at,status,total_amount\n1,2026-01-13,paid,#REF!\n", "correct the formula"),
    ],
)
def test_the_value_itself_says_what_to_write(tmp_path: Path, content: str, advice: str) -> None:
    write(tmp_path, "orders/orders.csv", content)
    (orders,) = judge(tmp_path).judgements
    (refusal,) = orders.refusals
    assert advice in refusal.advice


def test_values_outside_a_list_of_the_contract_are_mapped_too(tmp_path: Path) -> None:
    header = "deal_id,contact_id,status,created_at,amount"
    rows = ["d1,c1,Frozen,2026-01-15,5", "d2,c1,won,2026-01-15,5", "d3,c1,frozen,2026-01-15,5"]
    write(tmp_path, "crm/deals.csv", lines(header, *rows))
    write(tmp_path, "crm/contacts.csv", "contact_id,created_at\nc1,2026-01-15\n")
    (unmapped,) = judge(tmp_path).unmapped
    assert (unmapped.column, unmapped.value, unmapped.rows) == ("status", "Frozen", 2)
    assert (unmapped.known_by, unmapped.is_refused) == ("one of lost, open, won", True)


def test_seconds_since_1970_are_times(tmp_path: Path) -> None:
    # 1767225600 is 2026-01-01 00:00 UTC
    header = "event_id,anonymous_id,timestamp,event"
    rows = ["e1,c1,1767225600,page_view", "e2,c1,1767312000000,page_view", "e3,c1,soon,page_view"]
    write(tmp_path, "web/events.csv", lines(header, *rows))
    started(tmp_path)
    (events,) = judge(tmp_path).judgements
    assert (events.accepted, events.days) == (2, ("2026-01-01", "2026-01-02"))
    assert [(refusal.reason, refusal.value) for refusal in events.refusals] == [("invalid_occurred_at", "soon")]


def test_values_of_persons_are_masked(tmp_path: Path) -> None:
    write(
        tmp_path,
        "crm/contacts.csv",
        "contact_id,email,created_at\n1,lan@vidu.vn,2026-01-13\n2,mai@vidu.vn,mai@vidu.vn\n",
    )
    (contacts,) = judge(tmp_path).judgements
    (refusal,) = contacts.refusals
    assert (refusal.reason, refusal.value) == ("invalid_created_at", "m…@….vn")


def test_nothing_of_a_person_stands_in_what_the_check_prints(tmp_path: Path) -> None:
    header = "order_id,ordered_at,status,total_amount,currency,lan@vidu.vn,0911000001"
    rows = (
        "1,2026-01-13,l@x +84912345678,10,USD,a,b",
        "2,2026-01-13,0911000002,10,USD,a,b",
        "3,2026-01-13,paid,10,ZQ0647X@PLANT.EXAMPLE,a,b",
        "4,l@x +84912345678,paid,10,USD,a,b",
    )
    write(tmp_path, "orders/orders.csv", lines(header, *rows))
    write(tmp_path, "crm/orders_mai@vidu.vn.csv", "a\n1\n")
    output = CliRunner().invoke(app, ["check", str(tmp_path)]).output.replace(str(tmp_path), "")
    assert "ordered_at is 'l…@…'" in output and "crm/….csv: not a raw table" in output
    assert "orders/orders.status holds an e-mail address or phone number: name another column" in output
    assert "journey map-value" not in output
    for told in ("lan@", "0911000001", "84912345678", "0911000002", "PLANT", "mai@"):
        assert told not in output, output


def test_a_folder_of_which_nothing_would_count_is_said_to_be_one(tmp_path: Path) -> None:
    write(tmp_path, "orders/orders.csv", "order_id,ordered_at,status,total_amount\n1,2026-01-13,flown,10\n")
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert "All rows of orders/orders would be refused" in result.output


def test_too_many_refused_rows_stop_a_build(tmp_path: Path) -> None:
    rows = [f"{number},2026-01-13,{'paid' if number < 40 else 'flown'},10" for number in range(100)]
    write(tmp_path, "orders/orders.csv", lines("order_id,ordered_at,status,total_amount", *rows))
    verdict = judge(tmp_path)
    assert [judgement.table.label for judgement in verdict.stopped()] == ["orders/orders"]
    assert verdict.judgements[0].refused == 60


def test_every_reason_is_explained_in_one_place() -> None:
    assert advice_on("missing_order_id") == "fill it at the source"
    assert advice_on("ambiguous_total_amount").startswith("export it without separators")
    assert advice_on("unknown_order_id") == "deliver the order or deal too"
    assert advice_on("no_such_reason") == "see docs/reason_codes.md"


@pytest.mark.parametrize(
    ("text", "how", "row", "line"),
    [
        ("a,b\n1,2\n3,4\n", Reading(), 2, 3),
        ('a,b\n"1\n\n",2\n\n3,4\n', Reading(), 2, 6),
        ("title\n\na,b\n1,2\n", Reading(header_row=3), 3, 4),
        ("sep=;\na;b\n1;2\n", Reading(delimiter=";"), 1, 3),
        ("a,b\n1,2\n", Reading(), 7, None),
    ],
)
def test_lines_are_those_that_an_editor_shows(
    tmp_path: Path, text: str, how: Reading, row: int, line: int | None
) -> None:
    assert line_of_row(write(tmp_path, "a.csv", text), how, row) == line


def test_ids_that_a_spreadsheet_rounded_are_told(tmp_path: Path) -> None:
    """Ids rounded by a spreadsheet are reported, because orders with equal rounded ids count as versions of one."""
    rows = ["1.23E+12,2026-01-13,paid,10", "1.23E+12,2026-01-14,paid,20", "7,2026-01-14,paid,20"]
    write(tmp_path, "orders/orders.csv", lines("order_id,ordered_at,status,total_amount", *rows))
    (line,) = judge(tmp_path).ids
    assert line.startswith("orders/orders: order_id was rounded by a spreadsheet in 2 rows, as 1.23E+12")


def test_tables_without_a_row_are_no_success(tmp_path: Path) -> None:
    write(tmp_path, "orders/orders.csv", "order_id,ordered_at,status,total_amount\n")
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert "No table has a row" in result.output


SHOP = (
    "Name,Email,Financial Status,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Id"
)
SALE = "USD,5,0,0,{total},0,2026-02-01 09:00:00 +0000,1,Cup,{price},C"


def test_rows_of_an_adapter_are_named_by_the_row_of_the_export(tmp_path: Path) -> None:
    """A refused row of an adapter is named by the row of the export, since nobody sees the rows of a SELECT."""
    paid, lines_of = "mai@example.com,paid,fulfilled", ",,"
    rows = [
        f"#1003,{paid},{SALE.format(total=5, price=5)},5003",
        f"#1001,{paid},{SALE.format(total='5x', price=5)},5001",
        # a second line of that order
        f"#1001,{lines_of},,,,,,,2026-02-01 09:00:00 +0000,1,Cap,2,D,",
        f"#1002,{paid},{SALE.format(total=5, price='?')},5002",
    ]
    write(tmp_path, "shop/orders.csv", lines(SHOP, *rows))
    write(tmp_path, "mapping.yml", "adapters:\n  - {adapter: shopify, folder: shop, id_prefix: s-}\n")
    found = {
        (judgement.table.label, refusal.reason): (refusal.place, refusal.column, refusal.value)
        for judgement in judge(tmp_path).judgements
        for refusal in judgement.refusals
    }
    assert found["orders/orders", "invalid_total_amount"] == ("shop/orders.csv, row 3", "Total", "5x")
    assert found["orders/order_items", "invalid_unit_price"] == ("shop/orders.csv, row 5", "Lineitem price", "?")
    # one of two lines of the order, so the row is named by its key
    place, _, _ = found["orders/order_items", "quarantined_parent"]
    assert place == "shop through shopify/orders/order_items.sql, order_id s-5001, line_number 1"
