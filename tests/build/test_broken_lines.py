"""Lines of text files that cannot be split into columns, and names of raw files that hold personal data."""

import csv
import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from customer_journey.contract import raw_tables
from customer_journey.errors import InputError
from customer_journey.landing.land import land, unchanged_files
from customer_journey.landing.reason_codes import columns_of
from customer_journey.landing.refused import place_of
from customer_journey.privacy import erasure
from customer_journey.raw import broken_lines
from customer_journey.raw.broken_lines import MARK
from customer_journey.raw.file_columns import READ_AT_ONCE
from customer_journey.warehouse import open_warehouse

from tests.support.builds import write_required_tables

HEADER = "contact_id,email,created_at"
GOOD = "1,a@x.vn,2026-01-01"
LAST = '5,"e@x.vn",2026-01-05'


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new warehouse, beside a raw folder with empty tables."""
    write_required_tables(tmp_path / "raw")
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        yield connection


def _landed(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute(
        "select contact_id, email, is_deleted, _row_number from raw_crm.contacts order by _row_number"
    ).fetchall()


BROKEN = {
    "too many values": ["2,b@x.vn,2026-01-02,more"],
    "too few values": ["2"],
    "an open quotation mark": ['2,"b@x.vn,2026-01-02'],
    "an open one, and another below": ['2,"b@x.vn,2026-01-02', '3,"c@x.vn,2026-01-03'],
    "NUL, where a copy broke off": ["\0" * 50],
    "text behind a quotation mark": ['2,"b"@x.vn,2026-01-02'],
    "one open to the end of a value below": ['2,"b@x.vn', '3,c@x.vn",2026-01-03,more'],
}


@pytest.mark.parametrize("lines", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_only_the_broken_line_is_refused(
    lines: list[str], ending: str, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Only the broken line is quarantined, not its table nor the lines after an unclosed quotation mark."""
    file = tmp_path / "raw" / "crm" / "contacts.csv"
    file.write_text(ending.join([HEADER, GOOD, *lines, LAST, ""]), encoding="utf-8", newline="")
    report = land(warehouse, tmp_path / "raw", lambda table, share: None)
    assert report.files_read == 3
    # no text keeps a NUL
    texts = [line.replace("\0", "") for line in lines]
    broken = [(f"line {3 + place}: {text}", None, MARK, 2 + place) for place, text in enumerate(texts)]
    assert _landed(warehouse) == [
        ("1", "a@x.vn", None, 1), *broken, ("5", "e@x.vn", None, 2 + len(lines)),
    ]  # fmt: skip
    assert warehouse.execute("select sum(row_count) from private.landed_files").fetchone() == (2 + len(lines),)


@pytest.mark.parametrize("end", ["", f"\n{LAST}\n"], ids=["at the end", "in the middle"])
@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
def test_a_line_longer_than_what_is_read_at_once_is_refused(
    suffix: str, end: str, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Such a line is quarantined as any broken one; DuckDB leaves it out without a word."""
    (tmp_path / "raw/crm/contacts.csv").unlink()
    file = tmp_path / f"raw/crm/contacts.{suffix}"
    text = f"{HEADER}\n{GOOD}\n2,{'b' * (READ_AT_ONCE + 10)},2026-01-02{end}".encode()
    file.write_bytes(gzip.compress(text, 1) if suffix == "csv.gz" else text)
    land(warehouse, tmp_path / "raw", lambda table, share: None)
    first, long, *others = _landed(warehouse)
    assert first == ("1", "a@x.vn", None, 1)
    assert str(long[0]).startswith("line 3: 2,bbb") and long[1:] == (None, MARK, 2)
    assert others == ([("5", "e@x.vn", None, 3)] if end else [])


def test_large_file_that_is_broken_throughout_is_refused(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large file of other lines than its header says is refused before DuckDB keeps each of them in memory."""
    file = tmp_path / "raw" / "crm" / "contacts.csv"
    file.write_text(f"{HEADER}\n{GOOD}\n" + f"{GOOD},more\n" * 50_000, encoding="utf-8")
    with pytest.raises(InputError, match=r"contacts\.csv: .*CSV Error on Line: 3, as on nearly all others"):
        land(warehouse, tmp_path / "raw", lambda table, share: None)
    # lines that are broken further below
    file.write_text(f"{HEADER}\n" + f"{GOOD}\n" * 50_000 + f"{GOOD},more\n" * 20, encoding="utf-8")
    monkeypatch.setattr(broken_lines, "_MOST_BROKEN", 10)
    with pytest.raises(InputError, match=r"CSV Error on Line: 50002, as on more than 10 others"):
        land(warehouse, tmp_path / "raw", lambda table, share: None)
    monkeypatch.setattr(broken_lines, "_MOST_BROKEN", 20)
    land(warehouse, tmp_path / "raw", lambda table, share: None)
    assert warehouse.execute("select count(*) from raw_crm.contacts where is_deleted is not null").fetchone() == (20,)


def test_a_carriage_return_alone_ends_a_line_too(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "raw" / "crm" / "contacts.csv"
    file.write_text(f"{HEADER}\n{GOOD}\n2,b@x.vn,2026-01-02\r{LAST}\n", encoding="utf-8", newline="")
    land(warehouse, tmp_path / "raw", lambda table, share: None)
    assert _landed(warehouse) == [
        ("1", "a@x.vn", None, 1), ("2", "b@x.vn", None, 2), ("5", "e@x.vn", None, 3),
    ]  # fmt: skip


def test_values_with_line_breaks_are_no_broken_lines(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "raw" / "crm" / "contacts.csv"
    file.write_text(f'{HEADER}\n1,"a@x.vn\n\n""quoted"", more",2026-01-01\n\n2\n{LAST}\n', encoding="utf-8")
    land(warehouse, tmp_path / "raw", lambda table, share: None)
    assert _landed(warehouse) == [
        ("1", 'a@x.vn "quoted", more', None, 1), ("line 6: 2", None, MARK, 2), ("5", "e@x.vn", None, 3),
    ]  # fmt: skip


def test_broken_line_of_a_file_with_options(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The reported line number counts from the top of the file, also with a title above the header."""
    raw = tmp_path / "raw"
    (raw / "mapping.yml").write_text(
        "tables:\n  crm/contacts:\n    header_row: 2\n    delimiter: ';'\n    encoding: cp1258\n", encoding="utf-8"
    )
    text = f"Danh sách\n{HEADER}\n{GOOD}\n2\n{LAST}\n".replace(",", ";")
    (raw / "crm" / "contacts.csv").write_text(text, encoding="cp1258")
    land(warehouse, raw, lambda table, share: None)
    assert _landed(warehouse) == [
        ("1", "a@x.vn", None, 2), ("line 4: 2", None, MARK, 3), ("5", "e@x.vn", None, 4),
    ]  # fmt: skip


def test_file_in_another_encoding_is_refused_whole(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A file in another encoding is refused as a whole, instead of quarantining every row with a non-ASCII letter."""
    file = tmp_path / "raw" / "crm" / "contacts.csv"
    file.write_bytes(f"{HEADER}\n1,Hélène,2026-01-01\n2\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"Line: 2.*Save it as UTF-8"):
        land(warehouse, tmp_path / "raw", lambda table, share: None)


LACKING = {"cp1252": b"\x81", "cp1253": b"\xd2\x81", "cp1258": b"\x8a", "gbk": b"\xff\x81"}


@pytest.mark.parametrize(("encoding", "stray"), LACKING.items(), ids=LACKING)
def test_a_byte_that_an_encoding_lacks_breaks_its_line_alone(
    encoding: str, stray: bytes, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A declared encoding is believed: the other rows are read, with their letters.

    cp1253 has neither D2 nor 81, which together would be a letter of UTF-8.
    """
    raw = tmp_path / "raw"
    (raw / "mapping.yml").write_text(f"tables:\n  crm/contacts:\n    encoding: {encoding}\n", encoding="utf-8")
    letter = "\xb0"
    good = f"{HEADER}\n1,a{letter}@x.vn,2026-01-01\n".encode(encoding)
    (raw / "crm" / "contacts.csv").write_bytes(good + b"2,b" + stray + b"@x.vn,2026-01-01\n" + LAST.encode())
    land(warehouse, raw, lambda table, share: None)
    first, broken, last = _landed(warehouse)
    assert (first[1], last[1]) == (f"a{letter}@x.vn", "e@x.vn")
    assert broken[2:] == (MARK, 2)
    assert str(broken[0]).startswith("line 3: 2,b\N{REPLACEMENT CHARACTER}")


STRAY = {
    "CSV": (".csv", HEADER, "2,b\udcff@x.vn,2026-01-02", "3,Đào,2026-01-03", "4,Đỗ,2026-01-04"),
    "NDJSON": (
        ".ndjson",
        "",
        '{"contact_id": "2", "email": "b\udcff@x.vn"}',
        '{"contact_id": "3", "email": "Đào"}',
        '{"contact_id": "4", "email": "Đỗ"}',
    ),
}


@pytest.mark.parametrize(("suffix", "header", "stray", "good", "more"), STRAY.values(), ids=STRAY)
def test_a_stray_byte_breaks_its_line_alone(
    suffix: str, header: str, stray: str, good: str, more: str, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A text cut within a letter does not make the whole file one of another encoding."""
    (tmp_path / "raw" / "crm" / "contacts.csv").unlink()
    lines = [line for line in (header, good, stray, more, "") if line] + [""]
    text = "\n".join(lines)
    if suffix == ".ndjson":
        text = text.replace('"}', '", "created_at": "2026-01-01"}')
        stray = stray.replace('"}', '", "created_at": "2026-01-01"}')
    (tmp_path / "raw" / "crm" / f"contacts{suffix}").write_bytes(text.encode("utf-8", "surrogateescape"))
    land(warehouse, tmp_path / "raw", lambda table, share: None)
    line = f"line {3 if header else 2}: {stray}".replace("\udcff", "\ufffd")
    assert [row[:3] for row in _landed(warehouse)] == [
        ("3", "Đào", None), (line, None, MARK), ("4", "Đỗ", None),
    ]  # fmt: skip


def test_a_stray_byte_below_a_title(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    (raw / "mapping.yml").write_text("tables:\n  crm/contacts:\n    header_row: 2\n", encoding="utf-8")
    text = f"Danh sách\n{HEADER}\n1,Đỗ,2026-01-01\n2,\udcff,2026-01-02\n3,Đào,2026-01-03\n"
    (raw / "crm" / "contacts.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    land(warehouse, raw, lambda table, share: None)
    assert [row[0] for row in _landed(warehouse)] == ["1", "line 4: 2,\ufffd,2026-01-02", "3"]


def test_every_table_has_room_for_a_broken_line() -> None:
    assert all(columns_of("broken_line", table) for table in raw_tables())


def _stored(connection: duckdb.DuckDBPyConnection) -> str:
    tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'private'").fetchall()
    return "\n".join(str(connection.execute(f"select * from private.{table}").fetchall()) for (table,) in tables)


def test_address_in_the_name_of_a_file_is_not_stored(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """An e-mail or phone number in the name of a raw file is not stored, and the file is still recognised."""
    raw = tmp_path / "raw"
    names = ["mai@x.vn/of nam@x.vn.csv", "0912 345 678.csv", "2026-01-02 03-04-05.csv", "plain.csv"]
    (raw / "crm" / "contacts.csv").unlink()
    for number, name in enumerate(names):
        file = raw / "crm" / "contacts" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{HEADER}\n{number},{number}@y.vn,2026-01-01\n", encoding="utf-8")
    land(warehouse, raw, lambda table, share: None)
    stored = _stored(warehouse)
    assert [text for text in ("mai", "nam@", "345 678") if text in stored] == []
    assert "crm/contacts/plain.csv" in stored
    assert "crm/contacts/2026-01-02 03-04-05.csv" in stored

    # the file is recognised again, and a changed one replaces its rows
    assert land(warehouse, raw, lambda table, share: None).files_read == 0
    assert unchanged_files(warehouse, raw) is not None
    (raw / "crm" / "contacts" / names[0]).write_text(f"{HEADER}\n9,9@y.vn,2026-01-01\n", encoding="utf-8")
    land(warehouse, raw, lambda table, share: None)
    assert [row[0] for row in warehouse.execute("select contact_id from raw_crm.contacts order by 1").fetchall()] == [
        "1", "2", "3", "9",
    ]  # fmt: skip


def test_names_of_an_earlier_release_are_replaced(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Names stored by an earlier release are replaced; otherwise the files would be new and their rows count twice."""
    raw = tmp_path / "raw"
    file = raw / "crm" / "contacts" / "mai@x.vn.csv"
    (raw / "crm" / "contacts.csv").unlink()
    file.parent.mkdir()
    file.write_text(f"{HEADER}\n{GOOD}\n", encoding="utf-8")
    land(warehouse, raw, lambda table, share: None)
    for table in ("landed_files", "file_states"):
        warehouse.execute(f"update private.{table} set path = 'crm/contacts/mai@x.vn.csv' where path like '%(masked)%'")
    assert land(warehouse, raw, lambda table, share: None).files_read == 0
    assert "mai@" not in _stored(warehouse)
    assert len(_landed(warehouse)) == 1


def test_long_values_are_read_beside_a_broken_line(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Values of more than 128 KB, the default limit of Python's reader, are read in a file with a broken line."""
    csv.field_size_limit(131_072)
    file = tmp_path / "raw" / "crm" / "contacts.csv"
    file.write_text(f"{HEADER}\n2\n1,{'x' * 200_000},2026-01-01\n", encoding="utf-8")
    land(warehouse, tmp_path / "raw", lambda table, share: None)
    assert [(row[0], len(str(row[1]))) for row in _landed(warehouse)] == [("line 2: 2", 4), ("1", 200_000)]


PERSON = {"contact_id": "1", "email": "a@x.vn", "created_at": "2026-01-01"}
OTHER = {**PERSON, "contact_id": "5", "email": "e@x.vn"}
ODD_RECORDS = {
    "no JSON": '{"contact_id": ',
    "a number": "5",
    "nothing": "null",
}


@pytest.mark.parametrize("odd", ODD_RECORDS.values(), ids=ODD_RECORDS)
def test_only_the_odd_record_of_json_is_refused(odd: str, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "raw" / "crm" / "contacts.csv").unlink()
    file = tmp_path / "raw" / "crm" / "contacts.ndjson"
    file.write_text(f"{json.dumps(PERSON)}\n{odd}\n{json.dumps(OTHER)}\n", encoding="utf-8")
    land(warehouse, tmp_path / "raw", lambda table, share: None)
    assert _landed(warehouse) == [
        ("1", "a@x.vn", None, 1), (f"line 2: {odd}", None, MARK, 2), ("5", "e@x.vn", None, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("key", ['a"b', "a\\", "", "*", "/", "~", "Contact_ID"])
def test_odd_keys_of_json_stop_nothing(key: str, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Unusual keys of JSON records, such as custom field names, do not stop a build."""
    (tmp_path / "raw" / "crm" / "contacts.csv").unlink()
    file = tmp_path / "raw" / "crm" / "contacts.json"
    file.write_text(json.dumps([PERSON, {**OTHER, key: "1"}]), encoding="utf-8")
    land(warehouse, tmp_path / "raw", lambda table, share: None)
    assert [row[:2] for row in _landed(warehouse)] == [("1", "a@x.vn"), ("5", "e@x.vn")]


def test_half_a_character_in_json_is_replaced(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A text cut in the middle of an emoji is repaired, and numbers in the record keep their form."""
    (tmp_path / "raw" / "crm" / "contacts.csv").unlink()
    file = tmp_path / "raw" / "crm" / "contacts.json"
    file.write_text(
        '[{"contact_id": 12345678901234567890.10, "email": "\\ud83d", "created_at": "2026"}]', encoding="utf-8"
    )
    land(warehouse, tmp_path / "raw", lambda table, share: None)
    assert _landed(warehouse) == [("12345678901234567890.10", "\ufffd", None, 1)]


@pytest.mark.parametrize("option", [None, "id_prefix: x-"], ids=["plain", "mapped"])
def test_line_ends_of_two_kinds(option: str | None, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A file with two kinds of line ends, joined from two systems, is read although DuckDB names no line at fault."""
    if option:
        (tmp_path / "raw" / "mapping.yml").write_text(f"tables:\n  crm/contacts:\n    {option}\n", encoding="utf-8")
    file = tmp_path / "raw" / "crm" / "contacts.csv"
    file.write_text(f"{HEADER}\n{GOOD}\r\n2,b@x.vn,2026-01-02\r3\n{LAST}\n", encoding="utf-8", newline="")
    land(warehouse, tmp_path / "raw", lambda table, share: None)
    assert [row[1:] for row in _landed(warehouse)] == [
        ("a@x.vn", None, 1), ("b@x.vn", None, 2), (None, MARK, 3), ("e@x.vn", None, 4),
    ]  # fmt: skip


def test_a_separator_at_the_end_breaks_no_line(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "raw" / "crm" / "contacts.csv"
    file.write_text(f"{HEADER}\n{GOOD},\n2\n{LAST},,\n", encoding="utf-8")
    land(warehouse, tmp_path / "raw", lambda table, share: None)
    assert [row[0] for row in _landed(warehouse)] == ["1", "line 3: 2", "5"]


EXPORT = {
    "tool/adapter.yml": "name: Tool\ninputs:\n  buys:\n    recognised_by: [Nr]\n    columns: [Nr, Day, Sum, Mail]\n"
    "  people:\n    recognised_by: [Person]\n    columns: [Person, Mail, Since]\n",
    "tool/orders/orders.sql": "select Nr as order_id, Day as ordered_at, 'paid' as status, Sum as total_amount,"
    " Mail as email from buys",
    "tool/orders/refunds.sql": "select Nr as refund_id, Day as refunded_at, Sum as amount from buys where Sum < '0'",
    "tool/crm/contacts.sql": "select Person as contact_id, Mail as email, Since as created_at from people",
    "export/people.ndjson": '{"Person": "1", "Mail": "a@x.vn", "Since": "2026-01-01"}\n{"Person": \n',
    "export/buys.csv": "Nr;Day;Sum;Mail\n11;2026-01-01;5;a@x.vn\n12;2026-01-01\n13;2026-01-02;6;b@x.vn\n",
    "mapping.yml": "adapters:\n  - {adapter: tool, folder: export, id_prefix: t-}\n",
}


def _write_export(raw: Path) -> None:
    for file, text in EXPORT.items():
        (raw / file).parent.mkdir(parents=True, exist_ok=True)
        (raw / file).write_text(text, encoding="utf-8")


def _all_landed(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> list[tuple[object, ...]]:
    return connection.execute(
        f"select path, {column}, is_deleted, _row_number from raw_{table} inner join private.landed_files"
        " on file_id = _file_id order by is_deleted nulls last, _row_number"
    ).fetchall()


def test_only_the_broken_line_of_an_export_is_refused(tmp_path: Path) -> None:
    """The rest of an export lands; its broken line stands, with its file, in each table made of that file."""
    raw, broken = tmp_path / "raw", ("line 3: 12;2026-01-01", MARK, 2)
    _write_export(raw)
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        land(connection, raw, lambda table, share: None)
        made = "export through tool"
        assert _all_landed(connection, "orders.orders", "order_id") == [
            ("export/buys.csv through tool as orders/orders", *broken),
            (f"{made}/orders/orders.sql", "t-11", None, 1),
            (f"{made}/orders/orders.sql", "t-13", None, 2),
        ]  # fmt: skip
        assert _all_landed(connection, "orders.refunds", "refund_id") == [
            ("export/buys.csv through tool as orders/refunds", *broken)
        ]
        assert _all_landed(connection, "crm.contacts", "contact_id") == [
            ("export/people.ndjson through tool as crm/contacts", 'line 2: {"Person": ', MARK, 2),
            (f"{made}/crm/contacts.sql", "t-1", None, 1),
        ]  # fmt: skip
        assert connection.execute(
            "select source_table, source, sum(export_rows) from private.sources group by all order by 1"
        ).fetchall() == [
            ("crm.contacts", made, 2), ("orders.orders", made, 3), ("orders.refunds", made, 3),
        ]  # fmt: skip

        # an unchanged export is not read again, and keeps its broken lines
        for file in raw.rglob("*"):
            os.utime(file, (1, 1))
        land(connection, raw, lambda table, share: None)
        assert unchanged_files(connection, raw) is not None
        report = land(connection, raw, lambda table, share: None)
        assert (report.files_read, report.drift) == (0, [])
        assert unchanged_files(connection, raw) == report.files
        assert len(_all_landed(connection, "orders.refunds", "refund_id")) == 1

        # a corrected line is broken no more
        file = raw / "export" / "buys.csv"
        file.write_text(EXPORT["export/buys.csv"].replace("12;2026-01-01", "12;2026-01-01;7;"), encoding="utf-8")
        report = land(connection, raw, lambda table, share: None)
        assert report.drift == []
        assert [row[1] for row in _all_landed(connection, "orders.orders", "order_id")] == ["t-11", "t-12", "t-13"]
        assert _all_landed(connection, "orders.refunds", "refund_id") == []
        assert connection.execute(
            "select sum(export_rows) from private.sources where source_table = 'orders.orders'"
        ).fetchone() == (3,)
        assert unchanged_files(connection, raw) == report.files


def test_a_broken_line_of_an_export_is_placed_by_its_file() -> None:
    assert str(place_of("export/buys.csv through tool as orders/orders", 2)) == "row 3 of export/buys.csv"


def test_rows_of_a_mapped_file_count_with_its_broken_lines(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    (raw / "mapping.yml").write_text(
        "tables:\n  crm/contacts:\n    files: buys.csv\n    one_row_per: contact_id\n", encoding="utf-8"
    )
    (raw / "buys.csv").write_text(f"{HEADER}\n{GOOD}\n{GOOD}\n2\n", encoding="utf-8")
    land(warehouse, raw, lambda table, share: None)
    assert warehouse.execute("select export_rows from private.sources").fetchall() == [(3,)]
