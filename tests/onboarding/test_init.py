"""What `journey init` proposes for a folder, and the files that it writes."""

import shutil
from pathlib import Path

import duckdb
import pytest
import yaml
from click.testing import CliRunner
from customer_journey.cli import app
from customer_journey.errors import InputError
from customer_journey.landing.land import land
from customer_journey.privacy import erasure
from customer_journey.raw.mapping import MappingFile, read_mapping
from onboarding.judge import judge
from onboarding.proposal import Proposal, Source
from onboarding.propose import propose
from onboarding.write import mapping_text, settings_text

from tests.onboarding.files import INVOICES, lines, workbook, write


def only_source(folder: Path) -> Source:
    (source,) = propose(folder, None, None).sources
    return source


def columns_of(source: Source) -> dict[str, str]:
    return {match.column: match.theirs for match in source.matches}


def test_a_vietnamese_point_of_sale(tmp_path: Path) -> None:
    write(tmp_path, "Danh sách đơn hàng 2025.csv", "\ufeff" + lines(*INVOICES, end="\r\n"))
    write(
        tmp_path,
        "Danh sách đơn hàng 2026.csv",
        "\ufeff" + lines(INVOICES[0], INVOICES[1].replace("HD1", "HD9"), end="\r\n"),
    )
    proposal = propose(tmp_path, None, None)
    (tmp_path / "mapping.yml").write_text(mapping_text(proposal), encoding="utf-8")
    (entry,) = read_mapping(tmp_path).tables
    assert entry.label == "orders/orders"
    assert entry.files == ("Danh sách đơn hàng *.csv",)
    assert entry.columns == {
        "order_id": "Mã đơn",
        "phone": "Điện thoại",
        "contact_id": "Mã khách hàng",
        "ordered_at": "Thời gian",
        "status": "Trạng thái",
        "total_amount": "Tổng cộng",
    }
    assert (entry.reading.delimiter, entry.reading.decimal, entry.reading.thousands) == (";", ",", ".")
    assert entry.reading.date_format == ("%d/%m/%Y %H:%M",)
    assert entry.reading.timezone == "Asia/Ho_Chi_Minh"
    assert entry.constants == {"currency": "VND"}
    settings = settings_text(proposal)
    assert settings is not None
    assert yaml.safe_load(settings) == {
        "reporting_currency": "VND",
        "currency_decimals": 0,
        "reporting_timezone": "Asia/Ho_Chi_Minh",
        "default_phone_country": "VN",
    }


@pytest.mark.parametrize(
    "names",
    [
        ["customer_id", "full_name", "email_address", "phone_number", "created_at"],
        ["CustomerID", "FullName", "EmailAddress", "PhoneNumber", "CreatedAt"],
        ["Customer ID", "Full Name", "E-mail Address", "Phone Number", "Created At"],
        ["ma khach hang", "ho ten", "email", "sdt", "ngay tao"],
        ["Mã KH", "Họ và tên", "Địa chỉ email", "SĐT", "Ngày tạo"],
    ],
)
def test_names_are_known_in_every_spelling_whatever_the_file_is_called(tmp_path: Path, names: list[str]) -> None:
    write(tmp_path, "export (3).csv", lines(",".join(names), "K1,Mai Le,mai@example.com,0911000001,2026-01-15"))
    source = only_source(tmp_path)
    assert source.table.label == "crm/contacts"
    assert columns_of(source) == dict(
        zip(["contact_id", "full_name", "email", "phone", "created_at"], names, strict=True)
    )


def test_values_tell_what_names_do_not(tmp_path: Path) -> None:
    write(
        tmp_path,
        "orders.csv",
        lines(
            "Order No,When exactly,How to reach,What happened,How much",
            "1,2026-01-15 10:00,mai@example.com,paid,12.50",
            "2,2026-01-16 10:00,lan@example.com,cancelled,3.25",
        ),
    )
    source = only_source(tmp_path)
    assert columns_of(source) == {
        "order_id": "Order No",
        "email": "How to reach",
        "ordered_at": "When exactly",
        "status": "What happened",
        "total_amount": "How much",
    }
    assert [match.column for match in source.matches if match.is_sure] == ["order_id"]


@pytest.mark.parametrize(
    "content",
    [
        "id,name,created_at\n1,Spring,2026-01-01\n",
        "coupon,percent_off,id,name,created\nA,10,1,Ten,2026-01-01\n",
        "campaign,sessions,engaged\na,1,2\n",
    ],
)
def test_what_has_the_columns_of_everything_is_no_table(tmp_path: Path, content: str) -> None:
    write(tmp_path, "things.csv", content)
    proposal = propose(tmp_path, None, None)
    assert proposal.sources == []
    assert len(proposal.unknown) == 1


def test_two_tables_of_one_folder_and_what_else_lies_there(tmp_path: Path) -> None:
    write(tmp_path, "shop/customers.csv", "Customer ID,Email,Created\n1,mai@example.com,2026-01-15\n")
    write(tmp_path, "shop/orders.csv", "Order ID,Order Date,Status,Total\n1,2026-01-15,paid,10\n")
    write(tmp_path, "shop/manual.pdf", "x")
    write(tmp_path, "shop/.hidden.csv", "Order ID\n1\n")
    proposal = propose(tmp_path, None, None)
    assert [source.table.label for source in proposal.sources] == ["crm/contacts", "orders/orders"]
    assert [path.name for path in proposal.unread] == ["manual.pdf"]
    text = mapping_text(proposal)
    assert 'files: ["shop/orders.csv"]' in text
    assert "manual.pdf" in text
    assert ".hidden" not in text


def test_an_order_of_days_and_months_that_no_value_decides_is_a_guess(tmp_path: Path) -> None:
    write(tmp_path, "orders.csv", "Order ID,Order Date,Status,Total\n1,01/02/2026,paid,10\n2,03/04/2026,paid,10\n")
    finding, value = only_source(tmp_path).reading["date_format"]
    assert (value, finding is not None and finding.is_sure) == ("%d/%m/%Y", False)
    assert "no value decides" in mapping_text(propose(tmp_path, None, None))


def test_another_column_of_the_file_decides_the_order(tmp_path: Path) -> None:
    rows = ["1,01/02/2026,01/25/2026,paid,10", "2,03/04/2026,03/30/2026,paid,10"]
    write(tmp_path, "orders.csv", lines("Order ID,Order Date,Delivered,Status,Total", *rows))
    finding, value = only_source(tmp_path).reading["date_format"]
    assert (value, finding is not None and finding.is_sure) == ("%m/%d/%Y", True)


def test_local_times_of_nowhere_are_said_to_be_unknown_and_told_ones_are_sure(tmp_path: Path) -> None:
    write(tmp_path, "orders.csv", "Order ID,Order Date,Status,Total\n1,2026-01-15 10:00,paid,10\n")
    assert "# timezone: ???" in mapping_text(propose(tmp_path, None, None))
    told = mapping_text(propose(tmp_path, "Europe/Paris", None))
    assert yaml.safe_load(told)["tables"]["orders/orders"]["timezone"] == "Europe/Paris"


def test_two_sources_of_a_table_whose_ids_meet_get_prefixes(tmp_path: Path) -> None:
    write(
        tmp_path, "web shop.csv", "order_id,ordered_at,status,total_amount\n1,2026-01-15,paid,10\n2,2026-01-15,paid,1\n"
    )
    write(tmp_path, "till.csv", "Receipt No;Date;Status;Total\n2;2026-02-15;completed;5\n")
    (tmp_path / "mapping.yml").write_text(mapping_text(propose(tmp_path, None, None)), encoding="utf-8")
    entries = read_mapping(tmp_path).tables
    assert [(entry.files, entry.id_prefix) for entry in entries] == [
        (("till.csv",), "till-"),
        (("web shop.csv",), "web_shop-"),
    ]


def test_a_column_that_is_missing_is_asked_for_with_what_may_stand_for_it(tmp_path: Path) -> None:
    write(tmp_path, "customers.csv", "Customer ID,Name,Email\n1,Mai Le,mai@example.com\n")
    source = only_source(tmp_path)
    assert source.missing == ["created_at"]
    text = mapping_text(propose(tmp_path, None, None))
    assert "# created_at: ???" in text
    assert "constants: {created_at: 2024-01-01}" in text


def test_statuses_that_no_seed_knows_are_listed_with_the_command_that_maps_them(tmp_path: Path) -> None:
    write(
        tmp_path,
        "orders.csv",
        lines(
            "Order ID,Order Date,Status,Total", "1,2026-01-15,paid,10", "2,2026-01-15,Flown,10", "3,2026-01-15,Flown,10"
        ),
    )
    source = only_source(tmp_path)
    assert source.values == {"status": {"Flown": (None, 2)}}
    assert source.known_values == {"status": ["paid"]}
    assert 'journey map-value DIR orders/orders status "Flown" ???   (2 rows)' in mapping_text(
        propose(tmp_path, None, None)
    )


def test_nothing_of_a_person_stands_in_the_mapping(tmp_path: Path) -> None:
    header = "Customer ID;Name;Email;Phone;Created;Note;Street;Second mail"
    row = "1;Lan Pham;lan.pham@vidu.vn;0911000001;2026-01-15;call lan.pham@vidu.vn;12 Trang Tien;lan2@vidu.vn"
    write(tmp_path, "customers.csv", lines(header, row))
    text = mapping_text(propose(tmp_path, None, None))
    for told in ("Lan", "Pham", "lan.pham", "lan2", "0911000001", "Trang", "vidu"):
        assert told not in text


def test_nothing_of_a_person_stands_in_the_commands_and_names_of_the_mapping(tmp_path: Path) -> None:
    rows = ("lan@vidu.vn,VND", "+84912345678,VND", "Flown,ZQ@PLANT.EXAMPLE", "0911000001,VND", "paid,@ten.zqtele0")
    numbered = [f"{number},2026-01-1{number},{row},10,@ten.zqtele0" for number, row in enumerate(rows, 1)]
    write(tmp_path, "orders.csv", lines("Order ID,Order Date,Status,Currency,Total,Telegram", *numbered))
    write(tmp_path, "notes_mai@vidu.vn.csv", "Ding,Zahl\na,1\n")
    write(tmp_path, "notes-0911000002.pdf", "-")
    result = CliRunner().invoke(app, ["init", str(tmp_path)])
    text = (tmp_path / "mapping.yml").read_text(encoding="utf-8")
    assert 'status "Flown" ???' in text and "not shown: 3 e-mail addresses or phone numbers" in text
    assert "….csv: " in text and "notes-….pdf" in text
    for told in ("lan@", "84912345678", "PLANT", "0911000001", "zqtele0", "mai@", "0911000002"):
        assert told not in text and told not in result.output.replace(str(tmp_path), "")


def test_a_file_at_its_place_needs_no_word(tmp_path: Path) -> None:
    # the contract's own times are in UTC, wherever the company reports
    write(tmp_path, "vars.yml", "reporting_timezone: Asia/Ho_Chi_Minh\nreporting_currency: VND\n")
    write(tmp_path, "orders/orders.csv", "order_id,ordered_at,status,total_amount\n1,2026-01-15 10:00,paid,10.00\n")
    text = mapping_text(propose(tmp_path, None, None))
    assert yaml.safe_load(text) == {"tables": None}
    assert "# orders/orders: needs no mapping, 1 row: orders/orders.csv" in text


def test_a_sheet_under_a_title(tmp_path: Path) -> None:
    workbook(
        tmp_path / "so lieu.xlsx",
        {
            "Đơn hàng": [
                ["BÁO CÁO THÁNG 1"],
                ["Mã đơn hàng", "Ngày đặt hàng", "Trạng thái", "Tổng tiền"],
                ["D1", "15/01/2026", "Hoàn thành", 450000],
            ],
            "Khách hàng": [["Mã khách hàng", "SĐT", "Ngày tạo"], ["KH1", "0911000001", "14/01/2026"]],
        },
    )  # fmt: skip
    sources = {source.table.label: source for source in propose(tmp_path, None, None).sources}
    assert set(sources) == {"crm/contacts", "orders/orders"}
    orders = {word: value for word, (_, value) in sources["orders/orders"].reading.items()}
    assert (orders["sheet"], orders["header_row"], orders["date_format"]) == ("Đơn hàng", 2, "%d/%m/%Y")


def test_an_export_of_a_tool_saved_by_another_excel(tmp_path: Path) -> None:
    header = "Mã hóa đơn;Thời gian;Mã khách hàng;Khách cần trả;Trạng thái"
    write(
        tmp_path,
        "ban hang/2025.csv",
        "\ufeff" + lines(header, "HD1;13/01/2026 09:30;KH1;1.250.000;Hoàn thành", end="\r\n"),
    )
    write(tmp_path, "khach/khach hang.csv", "Mã khách hàng,Email,Ngày tạo\nKH1,a@example.com,14/01/2026\n")
    (tmp_path / "mapping.yml").write_text(mapping_text(propose(tmp_path, None, None)), encoding="utf-8")
    mapping = read_mapping(tmp_path)
    assert [(use.adapter, use.folder, use.reading.delimiter) for use in mapping.adapters] == [
        ("kiotviet", "ban hang", ";")
    ]
    assert [entry.label for entry in mapping.tables] == ["crm/contacts"]


def test_the_contracts_own_names_are_no_tools_export(tmp_path: Path) -> None:
    # HubSpot's table that links deals and contacts has these two columns too
    write(
        tmp_path,
        "orders/orders.csv",
        "order_id,contact_id,deal_id,ordered_at,status,total_amount\n1,c,d,2026-01-15T10:00:00Z,paid,10\n",
    )
    proposal = propose(tmp_path, None, None)
    assert (proposal.adapters, [source.table.label for source in proposal.sources]) == ([], ["orders/orders"])


def test_a_few_columns_in_common_make_no_export_of_a_tool(tmp_path: Path) -> None:
    # Shopee's order export has the first three columns too, and none of the others
    header = "Mã đơn hàng,Ngày đặt hàng,Trạng thái đơn hàng,Tổng tiền,Số điện thoại"
    write(tmp_path, "don hang.csv", lines(header, "D1,15/01/2026,Hoàn thành,450000,0911000001"))
    proposal = propose(tmp_path, None, None)
    assert (proposal.adapters, [source.table.label for source in proposal.sources]) == ([], ["orders/orders"])


def test_two_shops_of_one_tool_get_prefixes(tmp_path: Path) -> None:
    header = "Mã hóa đơn,Thời gian,Mã khách hàng,Khách cần trả,Trạng thái"
    for shop in ("Huế", "Vinh"):
        write(tmp_path, f"{shop}/2025.csv", lines(header, "HD1,13/01/2026 09:30,KH1,1250000,Hoàn thành"))
    uses = propose(tmp_path, None, None).adapters
    assert [(use.name, use.folder.name, use.id_prefix) for use in uses] == [
        ("kiotviet", "Huế", "hue-"),
        ("kiotviet", "Vinh", "vinh-"),
    ]


def test_files_of_a_tool_may_differ_in_their_separators(tmp_path: Path) -> None:
    header, row = "Mã hóa đơn;Thời gian;Khách cần trả;Trạng thái", "HD1;13/01/2026 09:30;1250000;Hoàn thành"
    write(tmp_path, "2025.csv", lines(header, row))
    write(tmp_path, "2026.csv", lines(header, row.replace("HD1", "HD2")).replace(";", ","))
    (use,) = propose(tmp_path, None, None).adapters
    assert (use.name, use.reading, use.notes) == ("kiotviet", {}, [])


def test_files_that_an_adapter_cannot_read_as_they_lie_are_read_one_by_one(tmp_path: Path) -> None:
    header = "Mã hóa đơn;Thời gian;Mã khách hàng;Khách cần trả;Trạng thái"
    row = "HD1;13/01/2026 09:30;KH1;1.250.000;Hoàn thành"
    write(tmp_path, "2025.csv", lines(header, row))
    write(tmp_path, "2026.csv", lines(header, row.replace("HD1", "HD2")), "utf-16")
    proposal = propose(tmp_path, None, None)
    assert proposal.adapters == []
    assert [source.table.label for source in proposal.sources] == ["orders/orders", "orders/orders"]


def test_names_that_yaml_would_read_otherwise_come_back_as_they_are(tmp_path: Path) -> None:
    header = 'Order ID;Order Date;Status;"Grand Total: # "'
    write(tmp_path, "orders/orders.csv", lines(header, "A;2026-01-15;paid;10", "B;2026-01-16;paid;10"))
    proposal = propose(tmp_path, None, None)
    document = yaml.safe_load(mapping_text(proposal))
    assert document["tables"]["orders/orders"]["columns"]["total_amount"] == "Grand Total: #"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_folder_without_exports_is_said_in_one_line(tmp_path: Path, is_there: bool) -> None:
    folder = tmp_path / "raw"
    if is_there:
        write(folder, "manual.pdf", "x")
    with pytest.raises(InputError, match="holds no files that can be read" if is_there else "no such folder"):
        propose(folder, None, None)


def test_every_file_of_a_folder_is_accounted_for(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "")
    write(tmp_path, "b.csv", "1,2026-01-15\n2,2026-01-16\n")
    write(tmp_path, "c.csv", "x,y\n1,2\n")
    write(tmp_path, "d.txt", "x")
    proposal: Proposal = propose(tmp_path, None, None)
    told = {sheet.path.name for sheet, _ in proposal.unknown} | {path.name for path in proposal.unread}
    assert told == {"a.csv", "b.csv", "c.csv", "d.txt"}


def test_the_command_writes_once_and_not_over_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, "orders.csv", "Order ID,Order Date,Status,Total\n1,2026-01-15 10:00,paid,10\n")
    first = CliRunner().invoke(app, ["init", str(tmp_path), "--currency", "EUR"])
    assert first.exit_code == 0, first.output
    assert "orders/orders" in first.output
    assert "web/events" in first.output
    assert f"journey check {tmp_path}" in first.output
    text = (tmp_path / "mapping.yml").read_text(encoding="utf-8")
    assert yaml.safe_load((tmp_path / "vars.yml").read_text(encoding="utf-8")) == {"reporting_currency": "EUR"}
    again = CliRunner().invoke(app, ["init", str(tmp_path)])
    assert isinstance(again.exception, InputError)
    assert "--overwrite" in str(again.exception)
    assert (tmp_path / "mapping.yml").read_text(encoding="utf-8") == text
    assert CliRunner().invoke(app, ["init", str(tmp_path), "--overwrite"]).exit_code == 0


@pytest.mark.parametrize(("option", "value"), [("--timezone", "Hanoi"), ("--currency", "dong")])
def test_options_that_nobody_can_follow(tmp_path: Path, option: str, value: str) -> None:
    write(tmp_path, "orders.csv", "Order ID,Order Date,Status,Total\n1,2026-01-15,paid,10\n")
    result = CliRunner().invoke(app, ["init", str(tmp_path), option, value])
    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(f"{option} {value!r} is no")


def test_a_german_shop_without_a_known_tool(tmp_path: Path) -> None:
    """Columns, statuses, signs and code page of a German export are recognised although no adapter knows it."""
    rows = [
        "Bestellnummer;Bestelldatum;Kundennummer;E-Mail-Adresse;Bestellstatus;MwSt.;Versandkosten;Gesamtbetrag;Währung",
        "B-1;31.12.2025;K1;jörg@beispiel.de;Abgeschlossen;199,50;4,90;1.249,50;EUR",
        "B-2;01.12.2025;K2;uta@beispiel.de;Storniert;1,00;4,90;12,90;EUR",
        "B-3;02.12.2025;K2;uta@beispiel.de;Verlegt;1,00;4,90;12,90;EUR",
    ]
    write(tmp_path, "Bestellungen.csv", lines(*rows, end="\r\n"), encoding="cp1252")
    proposal = propose(tmp_path, None, None)
    (tmp_path / "mapping.yml").write_text(mapping_text(proposal), encoding="utf-8")
    (entry,) = read_mapping(tmp_path).tables
    assert entry.label == "orders/orders"
    assert entry.columns == {
        "order_id": "Bestellnummer",
        "email": "E-Mail-Adresse",
        "contact_id": "Kundennummer",
        "ordered_at": "Bestelldatum",
        "status": "Bestellstatus",
        "currency": "Währung",
        "total_amount": "Gesamtbetrag",
        "tax_amount": "MwSt.",
        "shipping_amount": "Versandkosten",
    }
    assert (entry.reading.encoding, entry.reading.date_format) == ("cp1252", ("%d.%m.%Y",))
    assert (entry.reading.decimal, entry.reading.thousands) == (",", ".")
    # guesses, and what nobody knows is asked for
    assert entry.values == {"status": {"Abgeschlossen": "completed", "Storniert": "cancelled"}}
    assert 'status "Verlegt" ???' in mapping_text(proposal)
    settings = settings_text(proposal)
    assert settings is not None
    assert yaml.safe_load(settings) == {
        "reporting_currency": "EUR",
        "reporting_timezone": "Europe/Berlin",
        "default_phone_country": "DE",
    }
    assert "guess: the names are German" in settings


def test_a_header_of_two_rows(tmp_path: Path) -> None:
    """With a header of two rows, columns under merged cells are named by the upper row."""
    top = ["DANH SÁCH KHÁCH HÀNG"]
    upper, lower = ["STT", "Khách hàng", "", "Ngày tạo"], ["", "Mã", "Điện thoại", ""]
    rows = [["1", "KH1", "0911000001", "13/01/2026"], ["2", "KH2", "0911000002", "02/02/2026"]]
    workbook(tmp_path / "khach_hang.xlsx", {"A": [top, upper, lower, *rows]})
    source = only_source(tmp_path)
    assert source.missing == []
    assert columns_of(source) == {"contact_id": "Mã", "phone": "Điện thoại", "created_at": "Ngày tạo"}
    (tmp_path / "mapping.yml").write_text(mapping_text(propose(tmp_path, None, None)), encoding="utf-8")
    (contacts,) = judge(tmp_path).judgements
    assert (contacts.rows, contacts.accepted) == (2, 2)


def test_few_names_that_many_tables_have_are_a_guess_together(tmp_path: Path) -> None:
    write(tmp_path, "old.csv", "contact_id,name,email,phone,created\n1,Mai,mai@example.com,0911000001,2026-01-01\n")
    source = only_source(tmp_path)
    assert (source.table.label, source.is_sure) == ("crm/contacts", False)
    assert "# guess: these files are crm/contacts; please check" in mapping_text(propose(tmp_path, None, None))


def test_a_file_of_no_table_shows_its_columns(tmp_path: Path) -> None:
    """The columns of an unrecognised file are listed, so that its entry can be written without opening it."""
    write(tmp_path, "things.csv", "Ding,Zahl: x\na,1\n")
    assert '#     its columns: Ding, "Zahl: x"' in mapping_text(propose(tmp_path, None, None))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("order_id,ordered_at,status,total_amount\r1,2026-01-01,paid,5\r", "carriage return alone"),
        ("order_id,ordered_at,status,total_amount\n<<<<<<< HEAD\n1,2026-01-01,paid,5\n", "Line: 2"),
    ],
)
def test_what_a_build_will_refuse_is_told_at_once(tmp_path: Path, content: str, said: str) -> None:
    """A file that a build would refuse is reported, although detection reads it more leniently."""
    write(tmp_path, "orders.csv", content)
    assert any("a build stops at orders.csv" in note and said in note for note in only_source(tmp_path).notes)


def test_a_broken_line_stops_no_build(tmp_path: Path) -> None:
    """A build refuses a broken line alone, so `init` does not call it an obstacle."""
    rows = ("1,2026-01-01,paid,5", "2,2026-01-02,paid,5,6")
    write(tmp_path, "orders.csv", lines("order_id,ordered_at,status,total_amount", *rows))
    proposal = propose(tmp_path, None, None)
    assert not any("a build stops" in note for note in proposal.sources[0].notes)
    (tmp_path / "mapping.yml").write_text(mapping_text(proposal), encoding="utf-8")
    (orders,) = judge(tmp_path).judgements
    assert (orders.accepted, [refusal.reason for refusal in orders.refusals]) == (1, ["broken_line"])


def test_what_to_do_next_where_nothing_can_be_read(tmp_path: Path) -> None:
    """The next step is not to check a folder without any main table; a web page and an archive are called so."""
    (tmp_path / "a").mkdir()
    write(tmp_path / "a", "orders.xls", "<html><table><tr><td>Order</td></tr></table></html>")
    done = CliRunner().invoke(app, ["init", str(tmp_path / "a")])
    assert "is a web page, not" in " ".join(done.output.split())
    assert f"and run: journey init {tmp_path / 'a'} --overwrite" in done.output
    assert "journey check" not in done.output
    (tmp_path / "b").mkdir()
    write(tmp_path / "b", "export.zip", "PK")
    with pytest.raises(InputError, match=r"Unpack export\.zip there\.$"):
        propose(tmp_path / "b", None, None)


SHOP = (
    "Name,Email,Financial Status,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Id"
)
HUBSPOT = "Record ID,First Name,Last Name,Email,Phone Number,Lifecycle Stage,Create Date,Original Source"


def test_orders_that_two_sources_hold_are_told_with_the_lines_that_count_them_once(tmp_path: Path) -> None:
    """Orders in two sources are reported, with the lines of same_records that count them once."""
    web = [
        f"#{1000 + n},a{n}@example.com,paid,fulfilled,USD,5,2026-02-{n:02} 09:00:00 +0000,1,Cup,5,{5000 + n}"
        for n in range(1, 13)
    ]
    till = [f"R{n},#{1000 + n},2026-02-{n:02},paid,5" for n in range(1, 7)] + ["R7,,2026-02-13,paid,9"]
    write(tmp_path, "shop.csv", lines(SHOP, *web))
    write(tmp_path, "till.csv", lines("Receipt No,Web order,Date,Status,Total", *till))
    proposal = propose(tmp_path, None, None)
    assert proposal.same_orders == [(("till", "Web order"), ("shopify", "record_number"))]
    (source,) = proposal.sources
    assert source.id_prefix == "till-"
    assert any("6 of its order numbers (Web order) also stand in shopify (Name)" in note for note in source.notes)
    text = mapping_text(proposal)
    assert read_mapping_of(tmp_path, text).tables[0].record_key is None
    told = text.replace("# same_records:", "same_records:").replace("#   orders/orders: {", "  orders/orders: {")
    assert told != text
    (tmp_path / "mapping.yml").write_text(told, encoding="utf-8")
    found = {one.table.label: (one.accepted, one.duplicate) for one in judge(tmp_path).judgements}
    # the 12 of the shop and R7, whichever source of the six counts; the shop's lines of these six go with its orders
    assert found == {"orders/orders": (13, 6), "orders/order_items": (6, 6)}


def read_mapping_of(folder: Path, text: str) -> MappingFile:
    (folder / "mapping.yml").write_text(text, encoding="utf-8")
    return read_mapping(folder)


@pytest.mark.parametrize(("other", "prefix"), [("a", ""), ("b", "old_crm-")])
def test_ids_that_a_tool_gives_too_get_a_prefix_unless_they_mean_the_same(
    tmp_path: Path, other: str, prefix: str
) -> None:  # fmt: skip
    """Equal contact ids of two systems get a prefix, unless the e-mails show that they are the same persons."""
    numbers = range(1, 9)
    known = [f"{n},Mai,Vu,a{n}@example.com,,lead,2026-01-0{n} 10:00,ORGANIC_SEARCH" for n in numbers]
    own = [f"{n},Mai,{other}{n}@example.com,091100000{n},2026-01-0{n}" for n in numbers]
    write(tmp_path, "hubspot.csv", lines(HUBSPOT, *known))
    write(tmp_path, "old_crm.csv", lines("contact_id,name,email,phone,created", *own))
    proposal = propose(tmp_path, "Asia/Ho_Chi_Minh", None)
    assert [use.name for use in proposal.adapters] == ["hubspot"]
    (source,) = proposal.sources
    assert source.id_prefix == prefix
    assert any("8 of its ids also stand in hubspot (Record ID)" in note for note in source.notes)


def test_orders_with_a_row_for_each_line_are_orders_and_items(tmp_path: Path) -> None:
    """Only the first row of an order has its amount: the others would be refused, and stop the build from half on."""
    rows = [
        "Mã đơn hàng,Email,Trạng thái thanh toán,Ngày tạo,Tổng cộng,Số lượng,Mã SKU,Giá sản phẩm",
        "#1,a@example.com,Đã thanh toán,13/01/2026 09:30,500000,1,AT,200000",
        "#1,a@example.com,,,,3,MU,100000",
        "#1,a@example.com,,,,1,GI,0",
        "#2,b@example.com,Đã thanh toán,14/01/2026 09:30,90000,1,AT,90000",
    ]
    write(tmp_path, "orders_export.csv", lines(*rows))
    (tmp_path / "mapping.yml").write_text(mapping_text(propose(tmp_path, None, None)), encoding="utf-8")
    found = {entry.label: entry for entry in read_mapping(tmp_path).tables}
    assert (found["orders/orders"].one_row_per, found["orders/order_items"].numbered_per) == ("order_id", "order_id")
    with duckdb.connect() as connection:
        erasure.prepare(connection)
        land(connection, tmp_path, lambda table, share: None)
        orders = connection.execute("select order_id, total_amount from raw_orders.orders order by 1").fetchall()
        items = connection.execute(
            "select order_id, line_number, product_id, quantity, unit_price from raw_orders.order_items order by all"
        ).fetchall()
        counted = connection.execute(
            "select export_rows from private.sources where source_table = 'orders.orders'"
        ).fetchall()
    assert orders == [("#1", "500000"), ("#2", "90000")]
    assert items == [
        ("#1", "1", "AT", "1", "200000"),
        ("#1", "2", "MU", "3", "100000"),
        ("#1", "3", "GI", "1", "0"),
        ("#2", "1", "AT", "1", "90000"),
    ]
    assert counted == [(4,)]


def test_a_currency_that_no_file_names_is_told(tmp_path: Path) -> None:
    """Amounts of a file or of a tool's export would count in the default currency without a word."""
    said = "no file names the currency of its amounts, so they are read as USD"
    write(
        tmp_path / "file", "orders.csv", lines("Order ID,Date,Email,Total,Status", "1,2026-01-15,a@example.com,9,paid")
    )
    shutil.copytree(Path(__file__).parents[1] / "adapters" / "tiktok_shop" / "export", tmp_path / "tool")
    for folder in ("file", "tool"):
        result = CliRunner().invoke(app, ["init", str(tmp_path / folder)])
        assert said in result.output, result.output
        result = CliRunner().invoke(app, ["init", str(tmp_path / folder), "--overwrite", "--currency", "VND"])
        assert said not in result.output


def test_a_file_that_only_an_adapter_can_read_tells_its_country_too(tmp_path: Path) -> None:
    """Shopee's export names columns twice, so that only its adapter reads it; its names are Vietnamese."""
    shutil.copytree(Path(__file__).parents[1] / "adapters" / "shopee" / "export", tmp_path / "shopee")
    hints = propose(tmp_path, None, None).hints
    assert hints.currency is not None and hints.currency.value == "VND"


@pytest.mark.parametrize(("phone", "prefix"), [("84911000{n:03}", ""), ("0922000{n:03}", "danh_sach_khach_hang-")])
def test_customers_of_a_till_are_those_of_its_invoices(phone: str, prefix: str, tmp_path: Path) -> None:
    """The invoices have no e-mails, but phones: the numbers of customers mean the same if these agree."""
    numbers = range(1, 9)
    header = "Mã hóa đơn;Thời gian;Mã khách hàng;Điện thoại;Kênh bán;Tổng tiền hàng;Khách cần trả;Trạng thái"
    invoices = [f"HD{n};1{n}/01/2026 09:30;KH{n};0911000{n:03};Website;1.000;1.000.000;Hoàn thành" for n in numbers]
    customers = [f"KH{n};Lan;{phone.format(n=n)};k{n}@vidu.vn;1{n}/01/2026" for n in numbers]
    write(tmp_path, "Danh sách hóa đơn.csv", lines(header, *invoices))
    write(
        tmp_path,
        "Danh sách khách hàng.csv",
        lines("Mã khách hàng;Tên khách hàng;Điện thoại;Email;Ngày tạo", *customers),
    )
    proposal = propose(tmp_path, None, None)
    assert [use.name for use in proposal.adapters] == ["kiotviet"]
    (source,) = proposal.sources
    assert source.id_prefix == prefix
