"""Rows that mapping.yml and adapters deliver from build to build: none twice, none lost, none of another tool."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from customer_journey.errors import InputError
from customer_journey.landing.land import land
from customer_journey.landing.landed import LandingReport
from customer_journey.privacy import erasure
from customer_journey.warehouse import open_warehouse

PEOPLE = "Person,Joined,Mail\n1,2026-01-01,a@example.com\n"
BUYERS = "Buyer,Bought,Total\n7,2026-01-05,90\n"
# own adapters of the company
TOOLS = {
    "people/adapter.yml": "name: People\ninputs:\n  persons:\n    recognised_by: [Person, Joined]\n"
    "    columns: [Person, Joined]\n",
    "people/crm/contacts.sql": "select Person as contact_id, Joined as created_at from persons",
    "shop/adapter.yml": "name: Shop\ninputs:\n  buys:\n    recognised_by: [Buyer, Bought]\n"
    "    columns: [Buyer, Bought, Total]\n",
    "shop/orders/orders.sql": "select Buyer || '-1' as order_id, Buyer as contact_id, Bought as ordered_at,"
    " 'paid' as status, Total as total_amount from buys",
    "shop/crm/contacts.sql": "select Buyer as contact_id, Bought as created_at from buys",
    "shop/marketing/ad_spend.sql": "select Bought as spend_date, 'meta' as platform, Total as cost from buys",
    "shop/values/words.csv": "theirs,ours\nPerson,Joined\n",
}


@dataclass
class Folder:
    """A raw folder, and the warehouse that it lands in."""

    raw: Path
    connection: duckdb.DuckDBPyConnection

    def write(self, path: str, text: str) -> Path:
        """Write one file."""
        file = self.raw / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def land(self, raw: Path | None = None) -> LandingReport:
        """Land what lies there."""
        return land(self.connection, raw or self.raw, lambda table, share: None)

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Return the landed rows of a table, sorted."""
        return self.connection.execute(f"select {', '.join(columns)} from raw_{table} order by all").fetchall()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """A raw folder with two adapters of its own."""
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        made = Folder(tmp_path / "raw", connection)
        for path, text in TOOLS.items():
            made.write(path, text)
        yield made


def test_exports_of_two_tools_may_lie_in_one_folder(folder: Folder) -> None:
    """Exports of two tools in one folder are both read, each by its own adapter."""
    folder.write("people.csv", PEOPLE)
    folder.write("buys.csv", BUYERS)
    folder.write("notes.csv", "a,b\n1,2\n")
    folder.write("mapping.yml", "adapters:\n  - {adapter: people, folder: .}\n  - {adapter: shop, folder: .}\n")
    report = folder.land()
    assert folder.rows("crm.contacts", "contact_id") == [("1",), ("7",)]
    assert folder.rows("orders.orders", "order_id") == [("7-1",)]
    assert report.drift == ["notes.csv: not recognised by the adapter people or shop, so not read"]
    assert folder.land().files_read == 0


def test_a_damaged_file_beside_two_tools_is_refused(folder: Folder) -> None:
    """A truncated export is refused, and not taken for a file of the other tool in the folder."""
    folder.write("people.csv", PEOPLE)
    folder.write("buys.csv", BUYERS)
    (folder.raw / "more.csv.gz").write_bytes(b"\x1f\x8b\x08\x00half")
    folder.write("mapping.yml", "adapters:\n  - {adapter: people, folder: .}\n  - {adapter: shop, folder: .}\n")
    with pytest.raises(InputError, match=r"more\.csv\.gz: cannot be read"):
        folder.land()


def test_an_export_mounted_elsewhere_is_the_same(folder: Folder, tmp_path: Path) -> None:
    """Moving the raw folder to another path does not land the rows of its exports a second time."""
    folder.write("shop_export/buys.csv", BUYERS)
    folder.write("mapping.yml", "adapters: [{adapter: shop, folder: shop_export}]\n")
    folder.land()
    shutil.move(folder.raw, tmp_path / "elsewhere")
    report = folder.land(tmp_path / "elsewhere")
    assert report.files_read == 0
    assert not [line for line in report.drift if line.startswith("shop")]
    assert folder.rows("orders.orders", "order_id") == [("7-1",)]


def test_rows_of_a_vanished_file_of_an_export_stay_but_where_rows_add_up(folder: Folder) -> None:
    """Rows of a vanished file stay, so that monthly exports keep their past; rows of spend go, since they add up."""
    folder.write("shop_export/may.csv", BUYERS)
    folder.write("mapping.yml", "adapters: [{adapter: shop, folder: shop_export}]\n")
    folder.land()
    (folder.raw / "shop_export" / "may.csv").unlink()
    folder.write("shop_export/june.csv", BUYERS.replace("7,2026-01-05,90", "8,2026-02-05,50"))
    report = folder.land()
    assert "shop_export: may.csv is gone; the rows that were read from it are kept" in report.drift
    assert folder.rows("orders.orders", "order_id", "total_amount") == [("7-1", "90"), ("8-1", "50")]
    assert folder.rows("marketing.ad_spend", "cost") == [("50",)]
    assert folder.land().files_read == 0


def test_what_the_mapping_no_longer_reads_goes_and_what_vanished_stays(folder: Folder) -> None:
    """Rows that mapping.yml no longer reads are removed; rows of vanished files stay."""
    folder.write("crm/contacts/1.csv", "contact_id,created_at\n0,2026-01-01\n")
    folder.write("list.csv", PEOPLE)
    kept = folder.write("crm/contacts as of may.csv", PEOPLE.replace("1,2026", "2,2026"))
    columns = "columns: {contact_id: Person, created_at: Joined, email: Mail}"
    entry = "tables:\n  crm/contacts:\n"
    folder.write(
        "mapping.yml",
        f'{entry}    - {{files: list.csv, {columns}}}\n    - {{files: "crm/contacts as of*.csv", {columns}}}\n',
    )
    folder.land()
    assert folder.rows("crm.contacts", "contact_id") == [("0",), ("1",), ("2",)]
    kept.unlink()
    folder.write("mapping.yml", "")
    report = folder.land()
    assert folder.rows("crm.contacts", "contact_id") == [("0",), ("2",)]
    assert "list.csv: mapping.yml no longer reads it, so its rows in crm.contacts were removed" in report.drift


def test_a_file_that_two_patterns_name_lands_once(folder: Folder) -> None:
    """A file that matches two patterns is landed once; otherwise its costs would count twice."""
    folder.write("crm/contacts.csv", "contact_id,created_at\n")
    folder.write("cost may.csv", "spend_date,platform,cost\n2026-05-01,meta,5\n")
    folder.write("mapping.yml", 'tables: {marketing/ad_spend: {files: ["cost*.csv", "*may.csv"]}}\n')
    folder.land()
    assert folder.rows("marketing.ad_spend", "cost") == [("5",)]


def test_what_an_adapter_has_no_row_of_is_absent(folder: Folder) -> None:
    """A table for which the adapter makes no row is reported as absent."""
    folder.write("shop_export/buys.csv", BUYERS.splitlines()[0] + "\n")
    folder.write("crm/contacts.csv", "contact_id,created_at\n1,2026-01-01\n")
    folder.write("mapping.yml", "adapters: [{adapter: shop, folder: shop_export}]\n")
    absent = folder.land().absent_tables
    assert {"orders/orders", "marketing/ad_spend"} <= set(absent)
    assert "crm/contacts" not in absent


@pytest.mark.parametrize("place", ["/tmp", "../other"])
def test_an_export_lies_in_the_raw_folder(folder: Folder, place: str) -> None:
    """An export outside the raw folder is refused, because files are identified by their path below RAW."""
    folder.write("../other/buys.csv", BUYERS)
    folder.write("mapping.yml", f"adapters: [{{adapter: shop, folder: {place}}}]\n")
    with pytest.raises(InputError, match="is not inside"):
        folder.land()


def test_names_in_another_form_of_unicode_are_the_same(folder: Folder) -> None:
    """Column names in decomposed Unicode, as macOS writes them, match; else Vietnamese headers would be unknown."""
    folder.write("crm/contacts.csv", "contact_id,created_at\n")
    header = "Ma\u0303 \u0111o\u031bn,Nga\u0300y,Tie\u0302\u0300n"
    folder.write("sales.csv", f"{header}\nD1,2026-01-02,100\n")
    folder.write(
        "mapping.yml",
        "tables: {orders/orders: {files: sales.csv, constants: {status: paid},"
        " columns: {order_id: M\u00e3 \u0111\u01a1n, ordered_at: Ng\u00e0y, total_amount: Ti\u1ec1n}}}\n",
    )
    folder.land()
    assert folder.rows("orders.orders", "order_id", "total_amount", "status") == [("D1", "100", "paid")]


def test_what_a_mapping_makes_of_values(folder: Folder) -> None:
    """Numbers, times, words and ids after mapping, worked out by hand; Hanoi is seven hours ahead of UTC."""
    folder.write("crm/contacts.csv", "contact_id,created_at\n")
    folder.write(
        "sales.csv",
        "order_id;contact_id;anonymous_id;ordered_at;status;total_amount\n"
        "1;9;c1;05/01/2026 02:30;Giao xong;1.250.000,5 \u20ab\n"
        "2;;c1;05/01/2026 02:30;other;450.5\n",
    )
    folder.write(
        "mapping.yml",
        'tables: {orders/orders: {files: sales.csv, delimiter: ";", decimal: ",", thousands: ".", id_prefix: till-,'
        ' date_format: "%d/%m/%Y %H:%M", timezone: Asia/Ho_Chi_Minh, constants: {currency: VND},'
        " values: {status: {giao xong: completed}}}}\n",
    )
    folder.land()
    columns = ("order_id", "contact_id", "anonymous_id", "ordered_at", "status", "total_amount", "currency")
    assert folder.rows("orders.orders", *columns) == [
        ("till-1", "till-9", "c1", "2026-01-04 19:30:00.000000+00:00", "completed", "1250000.5", "VND"),
        ("till-2", None, "c1", "2026-01-04 19:30:00.000000+00:00", "other", "unreadable: 450.5", "VND"),
    ]


def test_a_prefix_stands_before_whatever_names_a_contact(folder: Folder) -> None:
    """id_prefix applies to every column with contact ids, also to lists of merged contacts and to identities."""
    folder.write("crm/contacts.csv", "contact_id,created_at,merged_contact_ids\n1,2026-01-01,2; 3\n")
    folder.write(
        "web/identities.csv",
        "anonymous_id,identifier_type,identifier_value,identified_at\n"
        "c1,contact_id,1,2026-01-01\nc1,email,a@example.com,2026-01-01\n",
    )
    folder.write("mapping.yml", "tables: {crm/contacts: {id_prefix: a-}, web/identities: {id_prefix: a-}}\n")
    folder.land()
    assert folder.rows("crm.contacts", "contact_id", "merged_contact_ids") == [("a-1", "a-2; a-3")]
    identities = folder.rows("web.identities", "anonymous_id", "identifier_value")
    assert identities == [("c1", "a-1"), ("c1", "a@example.com")]
