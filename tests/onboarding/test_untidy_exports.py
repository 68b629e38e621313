"""Exports as people and programs really write them, from `init` to landed rows: nothing of them may count wrongly."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from customer_journey.contract import raw_tables
from customer_journey.errors import InputError
from customer_journey.landing.land import land
from customer_journey.landing.landed import create_landed_table
from customer_journey.paths import PROJECT
from customer_journey.privacy import erasure
from onboarding.judge import Verdict, judge
from onboarding.macros import Models
from onboarding.propose import propose
from onboarding.write import mapping_text, settings_text

from tests.onboarding.files import edit_sheet, lines, merge_cells, workbook, write
from tests.onboarding.refusal import refusal_of

HEADER = "order_id,ordered_at,email,status,total_amount"
ENDS = "status,total_amount"
ORDERS = "select order_id, cast(total_amount as double) from raw_orders.orders order by 1"


def started(folder: Path) -> str:
    """Write what `init` proposes; return mapping.yml."""
    proposal = propose(folder, None, None)
    text = mapping_text(proposal)
    write(folder, "mapping.yml", text)
    if (settings := settings_text(proposal)) is not None:
        write(folder, "vars.yml", settings)
    return text


def landed(folder: Path, query: str = ORDERS) -> list[tuple[Any, ...]]:
    """Return what a query finds in the landed rows of a folder that `init` examined."""
    started(folder)
    with duckdb.connect() as connection:
        erasure.prepare(connection)
        land(connection, folder, lambda table, share: None)
        return connection.execute(query).fetchall()


def totals(verdict: Verdict) -> dict[str, tuple[int, str]]:
    """Return the number of orders and their total by status."""
    return {status: (count, total) for status, count, total in verdict.orders}


def orders(folder: Path, *rows: str, header: str = HEADER, name: str = "orders.csv") -> None:
    """Write a list of orders."""
    write(folder, name, lines(header, *rows))


@pytest.mark.parametrize(
    "stray",
    [
        "Grand total,2026-01-31,,completed,30",
        "Tổng cộng,,,,30",
        "Total for January,2026-01-31,,completed,30",
        HEADER,
        "Mã đơn,Ngày đặt,Thư điện tử,Trạng thái,Tổng tiền",
    ],
)
def test_rows_of_totals_and_of_names_are_no_orders(tmp_path: Path, stray: str) -> None:
    orders(tmp_path, "1,2026-01-10,a@example.org,completed,10", stray, "2,2026-01-11,b@example.org,completed,20")
    assert landed(tmp_path) == [("1", 10), ("2", 20)]
    assert not [refusal for judgement in judge(tmp_path).judgements for refusal in judgement.refusals]


def test_payments_in_a_list_of_invoices_are_no_sales_and_no_refunds(tmp_path: Path) -> None:
    orders(
        tmp_path,
        '01/13/2026,Invoice,1001,Anna,"$1,234.00",Paid',
        "01/14/2026,Invoice,1002,Ben,$500.00,Overdue 3 days",
        "01/15/2026,Credit Memo,1003,Anna,-$50.00,Closed",
        '01/16/2026,Payment,1004,Anna,"-$1,234.00",Closed',
        header="DATE,TYPE,NO.,CUSTOMER,AMOUNT,STATUS",
    )
    assert landed(tmp_path) == [("1001", 1234), ("1002", 500)]
    assert landed(tmp_path, "select refund_id, cast(amount as double) from raw_orders.refunds") == [("1003", 50)]
    # an invoice that is overdue is not paid; the number of days makes no new status
    assert totals(judge(tmp_path)) == {"paid": (1, "1,234 USD"), "pending": (1, "500 USD")}


@pytest.mark.parametrize("nobody", ["0", "Guest", "Khách lẻ"])
def test_the_number_of_all_guests_is_nobodys(tmp_path: Path, nobody: str) -> None:
    rows = [f"{number},2026-01-1{number},{nobody if number < 4 else number},completed,10" for number in range(1, 6)]
    orders(tmp_path, *rows, header="order_id,ordered_at,customer_id,status,total_amount")
    found = landed(tmp_path, "select order_id, coalesce(contact_id, '') from raw_orders.orders order by 1")
    assert found == [("1", ""), ("2", ""), ("3", ""), ("4", "4"), ("5", "5")]


def test_a_number_with_the_addresses_of_many_is_nobodys(tmp_path: Path) -> None:
    rows = [f"{number},2026-01-1{number},POS1,p{number}@example.org,completed,10" for number in range(1, 7)]
    orders(tmp_path, *rows, header="order_id,ordered_at,customer_id,email,status,total_amount")
    assert landed(tmp_path, "select count(*) from raw_orders.orders where coalesce(contact_id, '') <> ''") == [(0,)]


def test_of_exports_that_overlap_the_latest_counts(tmp_path: Path) -> None:
    first = [f"{number},2026-01-1{number},p{number}@example.org,pending,10" for number in range(1, 9)]
    orders(tmp_path, *first, name="orders_2026-01-20.csv")
    orders(tmp_path, *(row.replace("pending", "completed") for row in first), name="orders_2026-02-20.csv")
    text = started(tmp_path)
    assert 'files: ["orders_*.csv"]' in text
    assert 'file_date: "%Y-%m-%d"' in text
    # by the digest of the rows alone some orders would stay pending
    assert totals(judge(tmp_path)) == {"completed": (8, "80 USD")}


def test_exports_that_overlap_without_a_date_are_told(tmp_path: Path) -> None:
    for name, status in (("orders.csv", "pending"), ("orders (1).csv", "completed")):
        orders(tmp_path, f"1,2026-01-11,a@example.org,{status},10", name=name)
    notes = [note for source in propose(tmp_path, None, None).sources for note in source.notes]
    assert any("nothing says which are the newer" in note for note in notes)
    # the same rows in both files need no date
    orders(tmp_path, "1,2026-01-11,a@example.org,pending,10", name="orders (1).csv")
    assert not [note for source in propose(tmp_path, None, None).sources for note in source.notes]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('file_date: "%d"', "file_date '%d' is not understood"),
        ('file_date: "%Y-%m-%d"', "its name holds no date like %Y-%m-%d"),
        ('{file_date: "%Y-%m-%d", constants: {updated_at: 2026-01-01}}', "exclude each other"),
        ("left_out_rows: [Payment]", "left_out_rows: must be columns with values"),
        ("left_out_rows: {Typ: [Payment]}", "left_out_rows: there is no column Typ. Did you mean Type?"),
    ],
)
def test_mistakes_in_the_mapping_are_told(tmp_path: Path, entry: str, message: str) -> None:
    write(tmp_path, "sales.csv", lines("order_id,ordered_at,status,total_amount,Type", "1,2026-01-11,paid,10,Invoice"))
    inner = entry.removeprefix("{").removesuffix("}") if "constants" in entry else entry
    assert message in refusal_of(tmp_path, inner.replace(", constants", "\n    constants"))


def test_each_sheet_of_a_workbook_lands(tmp_path: Path) -> None:
    """A sheet a month: under one path the rows of the third would have replaced those of the second."""
    names: list[str | float] = ["Mã đơn", "Ngày", "Email", "Trạng thái", "Tổng tiền"]
    sheets: dict[str, list[list[str | float]]] = {
        f"T{month}": [names, [f"HD{month}", f"2026-0{month}-11", "a@example.org", "Hoàn thành", 10.0]]
        for month in (1, 2, 3)
    }
    workbook(tmp_path / "2026.xlsx", sheets)
    assert landed(tmp_path) == [("HD1", 10), ("HD2", 10), ("HD3", 10)]
    assert totals(judge(tmp_path)) == {"completed": (3, "30 VND")}


def test_cells_that_are_merged_over_rows_stand_in_each(tmp_path: Path) -> None:
    rows: list[list[str | float]] = [
        ["SALES"],
        ["Order ID", "Date", "Email", "Status", "Total"],
        ["1", "2026-01-13", "a@example.org", "completed", 10.0],
        ["2", "", "b@example.org", "completed", 20.0],
    ]
    merge_cells(workbook(tmp_path / "orders.xlsx", {"Sheet1": rows}), "B3:B4")
    assert landed(tmp_path, "select order_id, ordered_at from raw_orders.orders order by 1") == [
        ("1", "2026-01-13"),
        ("2", "2026-01-13"),
    ]


def test_formulas_without_a_value_are_told(tmp_path: Path) -> None:
    """Programs write formulas, only a spreadsheet program works them out."""
    rows: list[list[str | float]] = [[*HEADER.split(",")], ["1", "2026-01-13", "a@example.org", "completed", 10.0]]
    file = workbook(tmp_path / "orders.xlsx", {"Sheet1": rows})
    edit_sheet(file, "<v>10.0</v>", "<f>5*2</f>")
    started(tmp_path)
    assert [line for line in judge(tmp_path).drift if "1 cell holds a formula without its value" in line]
    edit_sheet(file, "<f>5*2</f>", "<f>5*2</f><v>10</v>")
    assert not judge(tmp_path).drift


@pytest.mark.parametrize(
    ("texts", "day", "time"),
    [
        # 13 January 2026; times in UTC where the text names an offset
        (["20260113", "20260114"], "2026-01-13", ""),
        (["20260113102233", "20260114102233"], "2026-01-13", "10:22:33"),
        (["1768299753000000000", "1768386153000000000"], "2026-01-13", "10:22:33"),
        (["2026-01-13 10:22:33 ICT", "2026-01-14 10:22:33 ICT"], "2026-01-13", "03:22:33"),
        (["2026-01-13 10:22:33 PST", "2026-07-14 10:22:33 PDT"], "2026-01-13", "18:22:33"),
        (["2026/01/13 10:22:33 AM GMT+7", "2026/01/14 10:22:33 CH GMT+7"], "2026-01-13", "03:22:33"),
        (["13/01/2026 10:22 (GMT+07:00)", "14/01/2026 10:22 (GMT+07:00)"], "2026-01-13", "03:22:00"),
        (["Tue, 13 Jan 2026 10:22:33 +0700", "Wed, 14 Jan 2026 10:22:33 +0700"], "2026-01-13", "03:22:33"),
        (["Tue, 13 Jan 2026 10:22:33 GMT", "Wed, 14 Jan 2026 10:22:33 GMT"], "2026-01-13", "10:22:33"),
        (["Tue Jan 13 2026 10:22:33 GMT+0700 (Indochina Time)"], "2026-01-13", "03:22:33"),
        (["Tuesday, January 13, 2026", "Wednesday, January 14, 2026"], "2026-01-13", ""),
        (["Thứ Ba, 13/01/2026 10:22", "Thứ Tư, 14/01/2026 10:22"], "2026-01-13", "10:22:00"),
        (["13 Tháng 1, 2026", "14 thg 12, 2026"], "2026-01-13", ""),
        (["ngày 13 tháng 01 năm 2026", "ngày 14 tháng 12 năm 2026"], "2026-01-13", ""),
        (["Tháng Một 13, 2026", "Tháng Mười Hai 14, 2026"], "2026-01-13", ""),
        (["13.01.2026 10.22", "14.01.2026 11.05"], "2026-01-13", "10:22:00"),
        (["13/01/2026 10h22", "14/01/2026 11h05"], "2026-01-13", "10:22:00"),
    ],
)
def test_times_as_programs_write_them(tmp_path: Path, texts: list[str], day: str, time: str) -> None:
    orders(tmp_path, *(f'{number},"{text}",a@example.org,completed,10' for number, text in enumerate(texts, 1)))
    found = landed(
        tmp_path, "select left(ordered_at, 10), substr(ordered_at, 12, 8) from raw_orders.orders order by order_id"
    )
    assert found[0] == (day, time)
    # the others too: nothing stays as it was written
    assert all(year.startswith("2026-") for year, _ in found)


@pytest.mark.parametrize("text", ["10.1.201.30", "1.2.20", "20261301", "19.99.2026 10.22"])
def test_what_only_looks_like_a_date_is_none(tmp_path: Path, text: str) -> None:
    orders(tmp_path, f"1,{text},a@example.org,completed,10", f"2,{text},a@example.org,completed,10")
    assert "%H.%M" not in started(tmp_path)
    assert '"%Y%m%d"' not in started(tmp_path)


@pytest.mark.parametrize(
    "words", ["Có Không", "ja nein", "oui non", "sí no", "tak nie", "да нет", "on off", "-1 0", "x no"]
)
def test_yes_and_no_in_other_words(tmp_path: Path, words: str) -> None:
    yes, no = words.split()
    orders(
        tmp_path,
        f"1,2026-01-13,a@example.org,completed,10,{yes}",
        f"2,2026-01-13,a@example.org,completed,20,{no}",
        header=f"{HEADER},is_test",
    )
    found = landed(tmp_path, "select lower(is_test) in ('true', 'yes', '1') from raw_orders.orders order by order_id")
    assert found == [(True,), (False,)]


def test_currencies_by_their_signs_and_names(tmp_path: Path) -> None:
    rows = [
        f"{number},2026-01-13,a@example.org,completed,10,{name}"
        for number, name in enumerate(["đ", "US Dollar", "Euro", "usd"])
    ]
    orders(tmp_path, *rows, header=f"{HEADER},currency")
    found = landed(tmp_path, "select upper(currency) from raw_orders.orders order by order_id")
    assert found == [("VND",), ("USD",), ("EUR",), ("USD",)]


def test_a_share_is_no_amount(tmp_path: Path) -> None:
    rows = [f"{number},2026-01-13,a@example.org,completed,100,10" for number in (1, 2)]
    orders(tmp_path, *rows, header=f"{HEADER},Discount (%)")
    assert landed(tmp_path, "select distinct discount_amount from raw_orders.orders") == [(None,)]


def test_statuses_without_accents(tmp_path: Path) -> None:
    orders(
        tmp_path,
        "HD1,13/01/2026,a@example.org,HOAN THANH,100",
        header="MA DON HANG,NGAY BAN,EMAIL,TRANG THAI,TONG TIEN",
    )
    started(tmp_path)
    assert totals(judge(tmp_path)) == {"completed": (1, "100 USD")}


def test_tabs_and_unseen_marks_around_values_are_none_of_them(tmp_path: Path) -> None:
    orders(
        tmp_path,
        "1\t,2026-01-13 10:00:00\t,a@example.org\t,completed\t,10.5\t",
        "\u200e2\u200f,2026-01-14,b@example.org,completed,\u200f20",
    )
    assert landed(tmp_path) == [("1", 10.5), ("2", 20)]
    assert judge(tmp_path).judgements[0].refused == 0


def test_a_row_of_groups_above_the_names(tmp_path: Path) -> None:
    write(
        tmp_path,
        "orders.csv",
        lines("Order,,Customer,,Money", "Id,Date,E-mail,Status,Total", "1,2026-01-13,a@example.org,completed,10"),
    )
    assert landed(tmp_path) == [("1", 10)]


def test_a_blank_column_gives_way_to_one_with_values(tmp_path: Path) -> None:
    orders(
        tmp_path,
        ",INV-1,2026-01-13,a@example.org,Paid,10",
        header="Reference,InvoiceNumber,InvoiceDate,EmailAddress,Status,Total",
    )
    assert landed(tmp_path) == [("INV-1", 10)]


def test_ids_and_phones_that_match_nothing_are_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        "customers.csv",
        lines("Customer ID,Phone,Created", *(f"0000{number},8.49E+10,2026-01-0{number}" for number in (1, 2, 3))),
    )
    orders(
        tmp_path,
        *(f"{number},2026-02-0{number},{number},completed,10" for number in (1, 2, 3)),
        header="order_id,ordered_at,customer_id,status,total_amount",
    )
    started(tmp_path)
    rounded, unmatched = judge(tmp_path).ids
    assert rounded.startswith(
        "crm/contacts: phone was rounded by a spreadsheet in 3 rows, as 8.49E+10: they are read as no number"
    )
    assert unmatched.startswith(
        "orders/orders: contact_id is in no row of crm/contacts in 3 of 3 rows, as 1 (crm/contacts has 00001): "
        "there they are written otherwise"
    )


SURVEYS = {
    "Customer survey (Responses) - Form Responses 1.csv": (
        "Timestamp,Email Address,How likely are you to recommend us to a friend or colleague?,Why?",
        "1/13/2026 10:22:33,a{0}@example.org,{0},ok",
    ),
    "Khảo sát (Câu trả lời).csv": (
        "Dấu thời gian,Địa chỉ email,Bạn có sẵn sàng giới thiệu chúng tôi cho bạn bè không? (0-10)",
        "13/01/2026 10:22:33,a{0}@example.org,{0}",
    ),
    "responses.csv": (
        "#,How likely are you to recommend us?,Email,Response Type,Start Date (UTC),Submit Date (UTC)",
        "x{0}abc,{0},a{0}@example.org,completed,2026-01-13 10:20:33,2026-01-13 10:22:33",
    ),
    "survey.csv": (
        "Respondent ID,Start Date,End Date,Email Address,How likely is it that you would recommend us?\n,,,,Response",
        "118{0},01/13/2026 10:20:33 AM,01/13/2026 10:22:33 AM,a{0}@example.org,{0}",
    ),
}


@pytest.mark.parametrize("name", SURVEYS)
def test_answers_of_survey_forms(tmp_path: Path, name: str) -> None:
    orders(tmp_path, "1,2026-01-13,a1@example.org,completed,10")
    header, row = SURVEYS[name]
    write(tmp_path, name, lines(header, *(row.format(score) for score in (10, 9, 3, 7))))
    started(tmp_path)
    (answers,) = [one for one in judge(tmp_path).judgements if one.table.label == "feedback/survey_responses"]
    # SurveyMonkey's second row of names is refused
    assert (answers.accepted, answers.refused) == (
        4,
        1 if "Response" in header.split("\n")[-1] and "\n" in header else 0,
    )
    found = landed(
        tmp_path,
        "select email, score, survey_type from raw_feedback.survey_responses where score <> 'Response' order by 1",
    )
    assert found == [(f"a{score}@example.org", str(score), "nps") for score in (10, 3, 7, 9)]


def test_satisfaction_up_to_ten_has_its_scale(tmp_path: Path) -> None:
    orders(tmp_path, "1,2026-01-13,a1@example.org,completed,10")
    rows = [f"1/13/2026 10:22:33,a{score}@example.org,{score}" for score in (10, 4)]
    write(
        tmp_path, "Feedback form.csv", lines("Timestamp,Email address,How satisfied are you with our service?", *rows)
    )
    found = landed(tmp_path, "select distinct survey_type, scale_min, scale_max from raw_feedback.survey_responses")
    assert found == [("csat", "1", "10")]


def test_kinds_of_messages_by_the_words_of_senders(tmp_path: Path) -> None:
    words = ["processed", "delivered", "open", "click", "bounce", "spamreport", "group_unsubscribe", "deferred"]
    events = [
        f'{{"sg_event_id": "e{word}", "email": "a@example.org", "timestamp": 1768299753, "event": "{word}"}}'
        for word in words
    ]
    write(tmp_path, "email_events.json", f"[{', '.join(events)}]")
    orders(tmp_path, "1,2026-01-13,a@example.org,completed,10")
    found = landed(tmp_path, "select event_type from raw_marketing.email_events order by email_event_id")
    # by the id: bounce, click, deferred, delivered, group_unsubscribe, open, processed, spamreport
    assert [word for (word,) in found] == [
        *("bounced", "clicked", "deferred", "delivered", "unsubscribed", "opened", "sent", "complained"),
    ]


def test_an_address_or_currency_that_is_not_there_is_told(tmp_path: Path) -> None:
    orders(
        tmp_path,
        "1,2026-01-13,a@example.org; b@example.org,completed,10",
        "2,2026-01-13,NULL,completed,10",
        "3,2026-01-13,c@example.org,completed,10",
    )
    started(tmp_path)
    verdict = judge(tmp_path)
    assert verdict.ids == [
        "orders/orders: email is no e-mail address that can be read in 1 row, as 'x@xxxxxxx.xxx; x@xxxxxxx.xxx': "
        "nobody is known by it"
    ]
    assert verdict.assumed == [
        "orders/orders: the currency of 3 rows is taken to be USD, since no file names it. If it is another, write "
        "reporting_currency in vars.yml"
    ]
    write(tmp_path, "vars.yml", "reporting_currency: EUR\n")
    assert judge(tmp_path).assumed == []


def test_payments_of_an_account_are_orders_by_their_number(tmp_path: Path) -> None:
    """As PayPal exports them: a column called Name holds persons, and money is moved to the bank."""
    orders(
        tmp_path,
        '01/13/2026,Anna,Express Checkout Payment,Completed,USD,"1,250.00",anna@example.org,TX1',
        "01/14/2026,Anna,Express Checkout Payment,Completed,USD,10.00,anna@example.org,TX2",
        "01/15/2026,Anna,Payment Refund,Completed,USD,-10.00,anna@example.org,TX3",
        "01/16/2026,,General Withdrawal,Completed,USD,-500.00,,TX4",
        header="Date,Name,Type,Status,Currency,Gross,From Email Address,Transaction ID",
    )
    assert landed(tmp_path) == [("TX1", 1250), ("TX2", 10)]
    assert landed(tmp_path, "select refund_id, cast(amount as double) from raw_orders.refunds") == [("TX3", 10)]


def test_of_several_totals_that_of_the_customer_is_meant(tmp_path: Path) -> None:
    """As Sapo exports orders: the amount of the line stands before what the customer has to pay."""
    header = "Mã đơn hàng,Ngày tạo đơn,Số điện thoại,Trạng thái đơn hàng,Thành tiền,Phí giao hàng,Khách phải trả"
    orders(tmp_path, 'SON1,13/01/2026 10:22,0911000001,Hoàn thành,"100,000","20,000","120,000"', header=header)
    assert landed(tmp_path) == [("SON1", 120000)]


def test_a_blank_status_is_as_good_as_none(tmp_path: Path) -> None:
    orders(tmp_path, "301,01/13/26,b1,,16.00", header="Order ID,Sale Date,Buyer User ID,Status,Order Total")
    assert landed(tmp_path) == [("301", 16)]
    assert totals(judge(tmp_path)) == {"completed": (1, "16 USD")}


def test_text_files_are_said_to_need_another_suffix(tmp_path: Path) -> None:
    orders(tmp_path, "1,2026-01-13,a@example.org,completed,10", name="orders.txt")
    with pytest.raises(InputError, match=r"Rename orders\.txt to end in \.csv"):
        propose(tmp_path, None, None)


def test_words_for_nothing_are_no_ids(tmp_path: Path) -> None:
    """A customer NULL would be one person with the orders of all guests."""
    words = ("NULL", "\\N", "None", "n/a", "#N/A", "undefined", "-")
    rows = [f"{number},2026-01-13,{word},{word},completed,10" for number, word in enumerate([*words, "KH1"], 1)]
    orders(
        tmp_path, *rows, "NULL,2026-01-13,KH2,,completed,10", header=f"order_id,ordered_at,contact_id,company_id,{ENDS}"
    )
    started(tmp_path)
    with duckdb.connect() as connection:
        erasure.prepare(connection)
        land(connection, tmp_path, lambda table, share: None)
        for table in raw_tables():
            create_landed_table(connection, table)
        connection.execute("set variable hash_key = 'test'")
        staged = Models(connection, {}).relation("stg_orders__orders")
        found = connection.execute(
            f"select order_id, contact_id, company_id, row_reason from {staged} order by _row_number"
        ).fetchall()
    assert found[:-2] == [(str(number), None, None, None) for number in range(1, len(words) + 1)]
    assert found[-2:] == [("8", "KH1", "KH1", None), (None, "KH2", None, "missing_order_id")]


def test_lines_of_invoices_beside_payments_are_no_lines_of_orders(tmp_path: Path) -> None:
    """Stripe's orders are payments; lines of invoices name none, and all their rows would be refused."""
    shutil.copytree(PROJECT / "tests" / "adapters" / "stripe" / "export", tmp_path, dirs_exist_ok=True)
    header = "id,invoice_id,amount,currency,quantity,subscription_item_id,unit_amount_excluding_tax"
    write(tmp_path, "invoice_line_item.csv", lines(header, "il1,in1,21,usd,5,si1,4.2", "il2,in2,65,usd,4,si2,16.25"))
    proposal = propose(tmp_path, None, None)
    assert not [source for source in proposal.sources if source.table.label == "orders/order_items"]
    (why,) = [why for sheet, why in proposal.unknown if sheet.path.stem == "invoice_line_item"]
    assert why == "may be lines of orders, but Stripe gives the orders: map it if they are of these"
