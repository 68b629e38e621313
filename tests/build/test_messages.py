"""Messages for unusable input: one line with the file, the problem, and what to do next (cases: `unusable/`)."""

import gzip
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from customer_journey.errors import InputError
from customer_journey.landing.land import land
from customer_journey.landing.landed import LandingReport
from customer_journey.privacy import erasure
from customer_journey.settings import read_settings
from customer_journey.terminal import plain_line
from customer_journey.warehouse import open_warehouse

from tests.build.unusable import adapters, folder, json_files, mapping, settings, sheets, text_files
from tests.build.unusable.contents import CONTACTS, HEADER, ROWS, Files, contacts, mapped_contacts, workbook

BROKEN = {
    f"{subject.__name__.rpartition('.')[2]}: {name}": case
    for subject in (text_files, sheets, json_files, mapping, adapters, settings, folder)
    for name, case in subject.BROKEN.items()
}


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse."""
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        yield connection


def _land(connection: duckdb.DuckDBPyConnection, raw: Path, files: Files) -> LandingReport:
    raw.mkdir()
    for path, content in files.items():
        if content is not None:
            file = raw / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
    read_settings(raw, None, datetime(2026, 6, 30, tzinfo=UTC))
    return land(connection, raw, lambda table, share: None)


@pytest.mark.parametrize(("files", "where", "wrong", "then"), BROKEN.values(), ids=BROKEN)
def test_one_line_says_where_what_and_what_to_do(
    files: Files, where: str, wrong: str, then: str, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """The line names the place, the problem and the remedy, so that nobody has to find out by trying."""
    with pytest.raises(InputError) as refused:
        _land(warehouse, tmp_path / "raw", files)
    line = plain_line(str(refused.value))
    print(line.replace(str(tmp_path), ""))
    assert where in line and wrong in line and then in line, line
    assert len(line.replace(str(tmp_path), "")) <= 400, line


USABLE: dict[str, Files] = {
    "header in capitals": contacts(CONTACTS.replace(HEADER, HEADER.upper())),
    "blanks around names": contacts(CONTACTS.replace("email,", " email , ")),
    "byte order mark": contacts(f"\ufeff{CONTACTS}"),
    "lines of Windows, and blank ones at the end": contacts(CONTACTS.replace("\n", "\r\n") + "\r\n\r\n"),
    "separator in Excel's first line": {
        **mapped_contacts("delimiter: ;"),
        "crm/contacts.csv": f"sep=;\n{CONTACTS.replace(',', ';')}",
    },
    "title row that is declared": {
        **mapped_contacts("header_row: 2"),
        "crm/contacts.csv": f"Danh sách\n{CONTACTS}",
    },
    "Windows-1258 that is declared": {
        **mapped_contacts("encoding: cp1258"),
        "crm/contacts.csv": CONTACTS.replace("mai@", "Đà@").encode("cp1258"),
    },
    "UTF-16 that is declared": {
        **mapped_contacts("encoding: utf-16"),
        "crm/contacts.csv": CONTACTS.encode("utf-16"),
    },
    "newer workbook called .xls": contacts(workbook(("May", ROWS)), ".xls"),
    "one sheet among empty ones": contacts(workbook(("May", ROWS), ("June", [])), ".xlsx"),
    "wrapped JSON": contacts('{"data": [{"contact_id": "1", "created_at": "2026-01-01"}]}', ".json"),
    "gzip": contacts(gzip.compress(CONTACTS.encode()), ".csv.gz"),
    "two byte order marks": contacts(f"\ufeff\ufeff{CONTACTS}"),
    "byte order mark of JSON": contacts('\ufeff[{"contact_id": "1", "created_at": "2026-01-01"}]', ".json"),
    "JSON in UTF-16 that is declared": {
        **mapped_contacts("encoding: utf-16"),
        "crm/contacts.csv": None,
        "crm/contacts.json": '[{"contact_id": "1", "created_at": "2026-01-01"}]'.encode("utf-16"),
    },
    "name of a column over two lines": {
        **mapped_contacts('columns: {contact_id: "Contact\\nid"}'),
        "crm/contacts.csv": CONTACTS.replace("contact_id", '"Contact\nid"'),
    },
    "another name over two lines": contacts(CONTACTS.replace("email", '"e\nmail"')),
    "value nested deeply": contacts(
        '{"contact_id": "1", "created_at": "2026-01-01", "x": ' + "[" * 3000 + "]" * 3000 + "}", ".json"
    ),
    "header of two rows": {
        **mapped_contacts("header_row: 2"),
        "crm/contacts.csv": "contact_id,Person,\n,email,created_at\n1,mai@example.com,2026-01-01\n",
    },
}


@pytest.mark.parametrize("files", USABLE.values(), ids=USABLE)
def test_what_can_be_read_is_not_refused(
    files: Files, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:  # fmt: skip
    """Files that can be read are accepted: a check must not refuse good files."""
    _land(warehouse, tmp_path / "raw", files)
    assert warehouse.execute("select contact_id, created_at from raw_crm.contacts").fetchall() == [("1", "2026-01-01")]


@pytest.mark.parametrize("content", ["[]", "{}", '{"contacts": []}', "[{}]"])
def test_json_without_a_record_is_a_table_without_rows(
    content: str, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """JSON without records, as an API returns on a quiet day, is an empty table, and the summary says so."""
    report = _land(warehouse, tmp_path / "raw", {"crm/contacts.csv": CONTACTS, "orders/orders.json": content})
    assert warehouse.execute("select count(*) from raw_orders.orders").fetchall() == [(0,)]
    assert report.drift == ["orders/orders: orders/orders.json holds no record"]


def test_cells_with_an_error_are_counted(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Cells with an error read as empty, so the summary counts them; a number without an end is no whole number."""
    book = workbook(("May", [*ROWS, ["2", "nam@example.com", "2026-01-02"]]))
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    cell = '<c r="B2" t="inlineStr"><is><t>mai@example.com</t></is></c>'
    other = '<c r="B3" t="inlineStr"><is><t>nam@example.com</t></is></c>'
    sheet = "xl/worksheets/sheet1.xml"
    assert cell in parts[sheet] and other in parts[sheet]
    parts[sheet] = parts[sheet].replace(cell, '<c r="B2" t="e"><v>#N/A</v></c>')
    parts[sheet] = parts[sheet].replace(other, '<c r="B3"><v>1e400</v></c>')
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    report = _land(warehouse, tmp_path / "raw", {"crm/contacts.xlsx": content.getvalue()})
    assert warehouse.execute("select contact_id, email from raw_crm.contacts order by 1").fetchall() == [
        ("1", None), ("2", "inf"),
    ]  # fmt: skip
    assert report.drift == ["crm/contacts.xlsx: 1 cell holds an error such as #N/A; they are read as empty"]


def test_many_unknown_columns_take_one_line(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    names = ["y" * 300, *(f"c{number}" for number in range(300))]
    header, row = ",".join(["contact_id", "created_at", *names]), ",".join(["1", "2026-01-01", *names])
    report = _land(warehouse, tmp_path / "raw", contacts(f"{header}\n{row}\n"))
    first = ", ".join(repr(f"c{number}") for number in range(11))
    assert report.drift == [
        f"crm/contacts: 301 unknown columns (contacts.csv), not read: '{'y' * 100}…', {first} and 289 more"
    ]


def test_what_systems_and_programs_leave_in_folders_is_no_file(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Files that systems and office programs leave in folders, such as lock files and thumbnails, are ignored."""
    left = ("~$2026.xlsx", "Thumbs.db", "desktop.ini", ".DS_Store", ".~lock.2026.csv#", "__MACOSX/._2026.csv")
    files: Files = {f"{folder}{name}": "x" for folder in ("", "crm/", "crm/contacts/") for name in left}
    report = _land(warehouse, tmp_path / "raw", {**files, "crm/contacts/2026.csv": CONTACTS})
    assert report.drift == []
    assert warehouse.execute("select count(*) from raw_crm.contacts").fetchall() == [(1,)]
