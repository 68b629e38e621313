"""Landing: which files are read, what happens to the rows they landed before, and which formats are accepted."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from customer_journey.errors import InputError
from customer_journey.landing import land as landing_module
from customer_journey.landing.land import land
from customer_journey.landing.landed import LandingReport
from customer_journey.privacy import erasure
from customer_journey.raw import deliveries
from customer_journey.raw.deliveries import content_of
from customer_journey.warehouse import open_warehouse

from tests.support.builds import table_named, write_required_tables, write_rows
from tests.support.dbt import must_pass, run_dbt

HEADER = "contact_id,email,full_name,created_at\n"


@dataclass
class Landing:
    """A raw folder, the warehouse that it lands in, and how far the last landing came."""

    raw: Path
    connection: duckdb.DuckDBPyConnection

    def land(self, raw: Path | None = None) -> LandingReport:
        """Land the folder as a build does."""
        return land(self.connection, raw or self.raw, lambda table, share: None)

    def write(self, path: str, content: str | bytes) -> Path:
        """Write a file of the raw folder."""
        file = self.raw / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def rows(self, label: str, *columns: str) -> list[tuple[Any, ...]]:
        """Return these columns of every landed row, sorted."""
        return self.connection.execute(
            f"select {', '.join(columns)} from {table_named(label).relation} order by all"
        ).fetchall()

    def has_landed(self, label: str) -> bool:
        """Return whether the warehouse has the landed table."""
        table = table_named(label)
        return bool(
            self.connection.execute(
                "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
                [f"raw_{table.source}", table.name],
            ).fetchall()
        )


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    """A raw folder whose required tables are empty, not landed yet."""
    raw = tmp_path / "raw"
    write_required_tables(raw)
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        yield Landing(raw, connection)


def contacts(*numbers: int, name: str = "Mai") -> str:
    """CSV of contacts."""
    return HEADER + "".join(f"{number},{number}@x.vn,{name},2026-01-01\n" for number in numbers)


# Which files are read


def test_known_file_is_not_read_again(landing: Landing) -> None:
    """A known file is not read again; otherwise every build would read all files, or land rows twice."""
    file = landing.write("crm/contacts.csv", contacts(1, 2))
    first = landing.land()
    assert (first.files_read, first.files_known) == (3, 0)
    # a marker that reading the file again would restore
    landing.connection.execute("update raw_crm.contacts set full_name = 'landed before'")
    os.utime(file, (1, 1))

    again = landing.land()

    assert (again.files_read, again.files_known) == (0, 3)
    assert landing.rows("crm/contacts", "contact_id", "full_name") == [("1", "landed before"), ("2", "landed before")]


def test_content_is_read_only_where_size_or_times_say_so(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content is read only if size or times of a file changed; otherwise each build would read all data."""
    file = landing.write("crm/contacts.csv", contacts(1))
    monkeypatch.setattr(deliveries, "YOUNG_NS", 0)
    landing.land()
    read: list[str] = []

    def counted(files: Sequence[Path]) -> str:
        read.extend(found.name for found in files)
        return content_of(files)

    monkeypatch.setattr(landing_module, "content_of", counted)
    landing.land()
    assert read == []

    # with the same size, by a tool that resets the time
    before = file.stat()
    landing.write("crm/contacts.csv", contacts(2))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert landing.land().files_read == 1
    assert read == ["contacts.csv"]
    assert landing.rows("crm/contacts", "contact_id") == [("2",)]


def test_content_of_a_young_file_is_read_again(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was just written is read again, because some file systems store times in whole seconds only."""
    same = os.stat(__file__)
    monkeypatch.setattr(landing_module, "state_of", lambda file: f"{same.st_ino}")
    landing.write("crm/contacts.csv", contacts(1))
    landing.land()
    landing.write("crm/contacts.csv", contacts(2))
    assert landing.land().files_read == 1
    assert landing.rows("crm/contacts", "contact_id") == [("2",)]


def test_known_by_the_path_under_the_raw_folder(landing: Landing, tmp_path: Path) -> None:
    """Files are known by their path below RAW, so mounting RAW elsewhere lands nothing twice."""
    landing.write("crm/contacts.csv", contacts(1))
    landing.land()
    moved = tmp_path / "mounted elsewhere"
    shutil.move(landing.raw, moved)

    report = landing.land(moved)

    assert (report.files_read, report.files_known) == (0, 3)
    assert landing.rows("crm/contacts", "contact_id") == [("1",)]


def test_the_same_content_under_two_paths_is_two_files(landing: Landing) -> None:
    """Two files with equal content are two deliveries: deleting or changing one keeps the rows of the other."""
    landing.write("crm/contacts/monday.csv", contacts(1))
    landing.write("crm/contacts/tuesday.csv", contacts(1))
    (landing.raw / "crm/contacts.csv").unlink()
    landing.land()
    assert landing.rows("crm/contacts", "contact_id") == [("1",), ("1",)]

    landing.write("crm/contacts/tuesday.csv", contacts(2))
    landing.land()
    assert landing.rows("crm/contacts", "contact_id") == [("1",), ("2",)]


def _spend(*costs: int, day: str = "2026-01-01") -> str:
    rows = [f"{day},meta,{number},{cost}\n" for number, cost in enumerate(costs)]
    return "".join(["spend_date,platform,campaign_id,cost\n", *rows])


def test_spend_delivered_under_two_names_is_named(landing: Landing) -> None:
    """The same spend in two files is reported, because spend adds up: `report (1).csv` would double the costs."""
    landing.write("crm/contacts.csv", contacts(1))
    landing.write("marketing/ad_spend/report.csv", _spend(5, 7, 0))
    # in another order and for a longer period: two of its three rows with costs are also in the other file
    header, *rows = _spend(5, 7, 0).splitlines()
    landing.write(
        "marketing/ad_spend/report (1).csv", "\n".join([header, *reversed(rows), "2026-01-02,meta,0,9"]) + "\n"
    )
    # the next day's file, and one that shares only a row without costs
    landing.write("marketing/ad_spend/next.csv", _spend(5, 7, 0, day="2026-01-03"))
    landing.write("marketing/ad_spend/other.csv", "spend_date,platform,campaign_id,cost\n2026-01-01,meta,2,0\n")

    expected = [
        "marketing/ad_spend: 2 of 2 rows are the same in marketing/ad_spend/report (1).csv and"
        " marketing/ad_spend/report.csv, and count twice. If they were delivered twice, leave only the header in"
        " one of the files"
    ]
    assert landing.land().doubles == expected
    # reported by every build, until one of the files is emptied
    assert landing.land().doubles == expected
    landing.write("marketing/ad_spend/report (1).csv", header + "\n")
    assert landing.land().doubles == []


def test_spend_that_replaces_an_earlier_version_is_no_double(landing: Landing) -> None:
    """Spend rows with a later updated_at supersede earlier ones, so they are not reported as doubles."""
    landing.write("crm/contacts.csv", contacts(1))
    for name, updated_at in (("a", "2026-02-01"), ("b", "2026-02-02")):
        landing.write(
            f"marketing/ad_spend/{name}.csv",
            f"spend_date,platform,campaign_id,cost,updated_at\n2026-01-01,meta,1,5,{updated_at}\n",
        )

    assert landing.land().doubles == []


def test_text_lands_in_one_form_of_unicode(landing: Landing) -> None:
    """Text lands in NFC; otherwise names from macOS, with separate accents, would match no others."""
    apart, together = "Khuye\u0302\u0301n ma\u0303i", "Khuy\u1ebfn m\u00e3i"
    landing.write("crm/contacts/a.csv", contacts(1, name=apart))
    pq.write_table(
        pa.table({"contact_id": ["2"], "full_name": [apart], "created_at": ["2026-01-01"]}),
        landing.raw / "crm/contacts/b.parquet",
    )

    landing.land()

    assert landing.rows("crm/contacts", "full_name") == [(together,), (together,)]


def test_decimals_land_without_the_zeros_of_their_scale(landing: Landing) -> None:
    """Typed decimals land without trailing zeros, because the text 450.000 could be read in two ways."""
    file = landing.raw / "orders" / "refunds.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    amounts = pa.array([Decimal("450.000"), Decimal("450.500"), Decimal("0.000"), None], pa.decimal128(12, 3))
    numbers = pa.array([Decimal(1), Decimal(20), Decimal(300), Decimal(4)], pa.decimal128(12, 0))
    pq.write_table(pa.table({"refund_id": numbers, "refunded_at": ["2026-01-01"] * 4, "amount": amounts}), file)
    landing.land()
    assert landing.rows("orders/refunds", "refund_id", "amount") == [
        ("1", "450"),
        ("20", "450.5"),
        ("300", "0"),
        ("4", None),
    ]


def test_a_new_column_of_the_contract_joins_what_was_landed_before(landing: Landing) -> None:
    write_rows(landing.raw, "orders/refunds", [{"refund_id": "r1", "refunded_at": "2026-01-01", "amount": 5}], part="a")
    landing.land()
    landing.connection.execute("alter table raw_orders.refunds drop column currency")
    new = {"refund_id": "r2", "refunded_at": "2026-01-01", "amount": 5, "currency": "USD"}
    write_rows(landing.raw, "orders/refunds", [new], part="b")
    landing.land()
    assert landing.rows("orders/refunds", "refund_id", "amount", "currency") == [
        ("r1", "5", None),
        ("r2", "5", "USD"),
    ]


def test_changed_file_replaces_the_rows_it_landed_before(landing: Landing) -> None:
    """A changed file replaces exactly the rows that it landed before, and no rows of other files."""
    landing.write("crm/contacts/a.csv", contacts(1, 2, 3, name="wrong"))
    landing.write("crm/contacts/b.csv", contacts(4))
    (landing.raw / "crm/contacts.csv").unlink()
    landing.land()

    # fewer rows, one of them new, and another order of columns
    landing.write("crm/contacts/a.csv", "created_at,phone,contact_id\n2026-02-01,0912000111,1\n2026-02-01,,5\n")
    report = landing.land()

    assert (report.files_read, report.files_known) == (1, 3)
    assert landing.rows("crm/contacts", "contact_id", "full_name", "phone") == [
        ("1", None, "0912000111"),
        ("4", "Mai", None),
        ("5", None, None),
    ]


def test_changed_file_can_change_back(landing: Landing) -> None:
    """A file that changes back to an earlier content is read again."""
    for names in ("old", "new", "old"):
        landing.write("crm/contacts.csv", contacts(1, name=names))
        landing.land()
        assert landing.rows("crm/contacts", "full_name") == [(names,)]


def test_vanished_file_keeps_its_rows(landing: Landing) -> None:
    """Rows of a vanished file stay, because some sources keep only recent files."""
    invitation = {"invitation_id": "i1", "email": "a@x.vn", "survey_type": "nps", "sent_at": "2026-01-01"}
    optional = write_rows(landing.raw, "feedback/survey_invitations", [invitation])
    landing.write("crm/contacts/a.csv", contacts(1))
    landing.write("crm/contacts/b.csv", contacts(2))
    landing.land()

    optional.unlink()
    (landing.raw / "crm/contacts/a.csv").unlink()
    report = landing.land()

    assert landing.rows("feedback/survey_invitations", "invitation_id") == [("i1",)]
    assert landing.rows("crm/contacts", "contact_id") == [("1",), ("2",)]
    assert "feedback/survey_invitations" in report.absent_tables


def test_required_table_must_have_a_file_on_every_build(landing: Landing) -> None:
    """A required table without any file stops the build; otherwise a lost export would go unnoticed."""
    landing.land()
    (landing.raw / "orders/orders.csv").unlink()

    with pytest.raises(InputError, match=r"required table orders/orders is missing"):
        landing.land()


def test_folder_without_a_data_file_is_no_required_table(landing: Landing) -> None:
    """An empty folder, as EL tools create, does not count as a delivered table."""
    landing.land()
    (landing.raw / "orders/orders.csv").unlink()
    landing.write("orders/orders/_SUCCESS", "")

    with pytest.raises(InputError, match=r"required table orders/orders is missing"):
        landing.land()


def test_single_file_folder_and_nested_folders_are_one_table(landing: Landing) -> None:
    """A single file, a folder and nested folders of a table are all read as one table."""
    landing.write("crm/contacts.csv", contacts(1))
    landing.write("crm/contacts/b.csv", contacts(2))
    landing.write("crm/contacts/year=2026/month=01/part-0.csv", contacts(3))
    pq.write_table(
        pa.table({"created_at": [datetime(2026, 1, 1, tzinfo=UTC)], "contact_id": ["4"]}),
        landing.raw / "crm/contacts/c.parquet",
    )
    landing.write("crm/contacts/readme.txt", "no data")

    assert landing.land().files_read == 6
    assert landing.rows("crm/contacts", "contact_id") == [("1",), ("2",), ("3",), ("4",)]


def test_report_names_unknown_files_columns_and_absent_tables(landing: Landing) -> None:
    """Unknown files and columns and absent tables are reported, since a misspelt name would lower numbers unseen."""
    landing.write("crm/contacts.csv", "contact_id,created_at,e-mail,ghi chú\n1,2026-01-01,a@x.vn,b\n")
    landing.write("crm/leads.csv", contacts(9))
    landing.write("crm/activitys/2026.csv", "a\n1\n")
    landing.write("shop/orders.parquet", b"not even read")
    landing.write("crm/notes.txt", "for people")

    report = landing.land()

    assert sorted(report.drift) == [
        "crm/activitys: not a raw table, so not read",
        "crm/contacts: unknown column e-mail (contacts.csv), not read. Did you mean email?",
        "crm/contacts: unknown column ghi chú (contacts.csv), not read",
        "crm/leads.csv: not a raw table, so not read",
        "crm/notes.txt: not a raw table, so not read",
        "shop/orders.parquet: not a raw table, so not read",
    ]
    assert "crm/activities" in report.absent_tables
    assert "crm/contacts" not in report.absent_tables
    assert landing.rows("crm/contacts", "contact_id", "email") == [("1", None)]


# All or nothing


@pytest.mark.parametrize("broken", ["row", "column"])
def test_failed_landing_leaves_nothing_behind(landing: Landing, broken: str) -> None:
    """A failed landing lands nothing, so that the next build does not mix new contacts with old orders."""
    landing.write("crm/contacts.csv", contacts(1))
    # orders land after contacts, and the row in another encoding comes late
    orders = "order_id,ordered_at,status,total_amount\n" + "o,2026-01-01,paid,1\n" * 5000
    late = f"{orders}o,2026-01-01,payé,1\n".encode("latin-1")
    landing.write("orders/orders.csv", late if broken == "row" else "order_id\no\n")

    with pytest.raises(InputError, match=r"orders\.csv"):
        landing.land()

    assert not landing.has_landed("crm/contacts")
    assert not landing.has_landed("orders/orders")
    landing.write("orders/orders.csv", orders)
    assert landing.land().files_read == 3
    assert len(landing.rows("orders/orders", "order_id")) == 5000


def test_failed_landing_leaves_what_was_landed_before(landing: Landing) -> None:
    """A failed landing keeps the rows landed before, of the broken export and of all others."""
    landing.write("crm/contacts.csv", contacts(1, name="landed before"))
    landing.write("orders/orders.csv", "order_id,ordered_at,status,total_amount\no1,2026-01-01,paid,1\n")
    landing.land()

    landing.write("crm/contacts.csv", contacts(2, 3))
    landing.write(
        "orders/orders.csv", "order_id,ordered_at,status,total_amount\no2,2026-01-01,payé,1\n".encode("latin-1")
    )
    with pytest.raises(InputError, match=r"orders\.csv.*Line: 2"):
        landing.land()

    assert landing.rows("crm/contacts", "contact_id", "full_name") == [("1", "landed before")]
    assert landing.rows("orders/orders", "order_id") == [("o1",)]
    landing.write("orders/orders.csv", "order_id,ordered_at,status,total_amount\no2,2026-01-01,paid,1\n")
    assert (landing.land().files_read, len(landing.rows("crm/contacts", "contact_id"))) == (2, 2)


# What a file may look like


def test_table_that_is_empty_below_its_header(landing: Landing) -> None:
    """A file with only a header is an empty table, not an absent one."""
    write_rows(landing.raw, "crm/tickets", [])
    landing.write("orders/orders.csv", "order_id,ordered_at,status,total_amount")

    report = landing.land()

    assert report.files_read == 4
    assert "crm/tickets" not in report.absent_tables
    assert landing.rows("orders/orders", "order_id") == []
    assert landing.rows("crm/tickets", "ticket_id") == []


def test_csv_as_a_spreadsheet_saves_it(landing: Landing) -> None:
    """CSV with a byte order mark and CR LF line ends, as Excel saves it, is read."""
    landing.write("crm/contacts.csv", b"\xef\xbb\xbf" + contacts(1, name="Đỗ Hà").replace("\n", "\r\n").encode())
    landing.write("orders/orders.csv", b"\xef\xbb\xbforder_id,ordered_at,status,total_amount\r\n")

    assert landing.land().drift == []
    assert landing.rows("crm/contacts", "contact_id", "full_name", "created_at") == [("1", "Đỗ Hà", "2026-01-01")]
    assert landing.rows("orders/orders", "order_id") == []


def test_csv_with_quotes_commas_and_newlines_in_its_fields(landing: Landing) -> None:
    """Quoted fields may hold quotes, commas and line breaks without shifting columns or splitting rows."""
    landing.write(
        "crm/contacts.csv",
        '"contact_id","full_name","email","created_at"\n'
        '1,"Mai ""Míc"" Anh,\nphòng thu\r\n\n","a@x.vn",2026-01-01\n'
        '2,"",,"2026-01-02"\n'
        '3,a "quoted" word,"b@x.vn","2026-01-03"\n'
        "\n",
    )

    landing.land()

    assert landing.rows("crm/contacts", "contact_id", "full_name", "email", "created_at") == [
        ("1", 'Mai "Míc" Anh,\nphòng thu\r\n\n', "a@x.vn", "2026-01-01"),
        ("2", None, None, "2026-01-02"),
        ("3", 'a "quoted" word', "b@x.vn", "2026-01-03"),
    ]


def test_columns_in_another_order(landing: Landing) -> None:
    """Columns are read by name, not by position; files of a table may differ in order."""
    (landing.raw / "crm/contacts.csv").unlink()
    landing.write("crm/contacts/a.csv", "created_at,note,phone, email ,contact_id\n2026-01-01,?,0912000111,a@x.vn,1\n")
    landing.write("crm/contacts/b.csv", "contact_id,email,created_at\n2,b@x.vn,2026-01-02\n")
    table = pa.table({"phone": ["0912000333"], "created_at": ["2026-01-03"], "x": [1], "contact_id": [3]})
    pq.write_table(table, landing.raw / "crm/contacts/c.parquet")

    landing.land()

    assert landing.rows("crm/contacts", "contact_id", "email", "phone", "created_at") == [
        ("1", "a@x.vn", "0912000111", "2026-01-01"),
        ("2", "b@x.vn", None, "2026-01-02"),
        ("3", None, "0912000333", "2026-01-03"),
    ]


def test_unknown_column_may_have_any_name(landing: Landing) -> None:
    """An unknown column is ignored whatever its name, also an empty name or one with a quote."""
    landing.write(
        "crm/contacts.csv", ',contact_id,"it\'s ""odd"", {x}",created_at\n0,1,"a,b",2026-01-01\n1,2,,2026-01-02\n'
    )

    report = landing.land()

    assert landing.rows("crm/contacts", "contact_id", "created_at") == [("1", "2026-01-01"), ("2", "2026-01-02")]
    assert any('it\'s "odd", {x}' in line for line in report.drift)
    assert "crm/contacts: a column without a name (contacts.csv), not read" in report.drift


def test_several_columns_without_a_name(landing: Landing) -> None:
    """Several columns without a name, from lines that end in commas, are no error."""
    landing.write("crm/contacts.csv", "contact_id,created_at,,\n1,2026-01-01,,\n")

    landing.land()

    assert landing.rows("crm/contacts", "contact_id", "created_at") == [("1", "2026-01-01")]


def test_suffix_in_capitals(landing: Landing) -> None:
    """Files that end in .CSV are read too."""
    (landing.raw / "crm/contacts.csv").unlink()
    landing.write("crm/contacts.CSV", contacts(1))
    landing.write("crm/contacts/part.Csv", contacts(2))
    table = pa.table({"contact_id": ["3"], "created_at": ["2026-01-01"]})
    pq.write_table(table, landing.raw / "crm/contacts/part.PARQUET")
    landing.write("crm/LEADS.CSV", contacts(9))

    report = landing.land()

    assert landing.rows("crm/contacts", "contact_id") == [("1",), ("2",), ("3",)]
    assert report.drift == ["crm/LEADS.CSV: not a raw table, so not read"]


def test_field_of_megabytes(landing: Landing) -> None:
    """A field of several megabytes, such as an embedded picture, is read."""
    picture = "data:image/png;base64" + "A" * 3_000_000
    landing.write("crm/contacts.csv", contacts(1, name=picture) + "2,b@x.vn,Nam,2026-01-02\n")

    landing.land()

    assert landing.rows("crm/contacts", "contact_id", "length(full_name)") == [("1", len(picture)), ("2", 3)]


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()], ids=str)
def test_whole_numbers_stored_as_floating(landing: Landing, kind: pa.DataType) -> None:
    """Ids stored as 5.0, as pandas does if one is missing, equal the id 5."""
    (landing.raw / "orders/orders.csv").unlink()
    table = pa.table({
        "order_id": pa.array([5, -0.0, 1.5, 2.0**53], kind),
        "contact_id": pa.array([None, 7, float("nan"), float("inf")], kind),
        "phone": pa.array([84912000.0, 2, 3, 4], kind),
        "ordered_at": ["2026-01-01"] * 4,
        "status": ["paid"] * 4,
        "total_amount": pa.array([10, 0.1, 12.5, 1], pa.float64()),
    })  # fmt: skip
    pq.write_table(table, landing.raw / "orders/orders.parquet")

    landing.land()

    rows = landing.rows("orders/orders", "_row_number", "order_id", "contact_id", "phone", "total_amount")
    assert rows[:3] == [
        (1, "5", None, "84912000", "10"),
        (2, "0", "7", "2", "0.1"),
        (3, "1.5", "nan", "3", "12.5"),
    ]
    # from this size on, a float may have been another integer
    assert rows[3][1] != str(2**53)
    assert rows[3][2] == "inf"


@pytest.mark.parametrize(
    "folder", ["dữ liệu thô", 'it\'s "raw"', "a $file; -- b", "raw [1] {2} *", "percent %20 #1"], ids=str
)
def test_raw_folder_of_any_name(landing: Landing, tmp_path: Path, folder: str) -> None:
    """The path of the raw folder may hold characters that SQL, a shell or a file pattern would interpret."""
    landing.write("crm/contacts/tháng 'một'.csv", contacts(1))
    pq.write_table(
        pa.table({"contact_id": ["2"], "created_at": ["2026-01-01"]}), landing.raw / 'crm/contacts/đơn "2".parquet'
    )
    raw = tmp_path / folder
    landing.raw.rename(raw)

    landing.land(raw)

    assert landing.rows("crm/contacts", "contact_id") == [("1",), ("2",)]
    paths = landing.connection.execute("select path from private.landed_files order by all").fetchall()
    assert ("crm/contacts/tháng 'một'.csv",) in paths


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_file_name_is_no_pattern(landing: Landing, kind: str) -> None:
    """A file name such as `part[1].csv` is not interpreted as a pattern."""
    names = ["part1", "part[1]", "partly", "part*", "partx", "part?"]
    for number, name in enumerate(names):
        if kind == "csv":
            landing.write(f"crm/contacts/{name}.csv", contacts(number, name=name))
        else:
            table = pa.table({"contact_id": [str(number)], "full_name": [name], "created_at": ["2026-01-01"]})
            (landing.raw / "crm/contacts").mkdir(exist_ok=True)
            pq.write_table(table, landing.raw / f"crm/contacts/{name}.parquet")

    landing.land()

    assert landing.rows("crm/contacts", "contact_id", "full_name") == [
        (str(number), name) for number, name in enumerate(names)
    ]


# CSV and Parquet

SAIGON = timezone(timedelta(hours=7))
AT = datetime(2026, 1, 3, 15, 4, 5, 678000, tzinfo=SAIGON)
IN_UTC = AT.astimezone(UTC).replace(tzinfo=None)

# table -> rows as text, the same rows with types, and the expected staged values of some columns
Twins = tuple[dict[str, str], Mapping[str, pa.Array], dict[str, Any]]
TWINS: dict[str, Twins] = {
    "orders/orders": (
        {
            "order_id": "1001", "contact_id": "7", "ordered_at": "2026-01-03T15:04:05.678+07:00", "status": "Paid",
            "currency": "usd", "total_amount": "1234567.10", "tax_amount": "0", "shipping_amount": "12.5",
            "promised_delivery_at": "2026-01-09 00:00:00", "delivered_at": "", "is_test": "TRUE",
            "updated_at": "2026-01-03 08:04:05.678Z", "is_deleted": "0",
        },
        {
            "order_id": pa.array([1001]),
            "contact_id": pa.array([7], pa.int32()),
            "ordered_at": pa.array([AT], pa.timestamp("us", "Asia/Ho_Chi_Minh")),
            "status": pa.array(["Paid"]).dictionary_encode(),
            "currency": pa.array(["usd"], pa.large_string()),
            "total_amount": pa.array([Decimal("1234567.10")], pa.decimal128(18, 2)),
            "tax_amount": pa.array([0], pa.int64()),
            "shipping_amount": pa.array([12.5], pa.float64()),
            "promised_delivery_at": pa.array([datetime(2026, 1, 9)], pa.timestamp("ns")),
            "delivered_at": pa.nulls(1, pa.timestamp("us", "UTC")),
            "is_test": pa.array([True]),
            "updated_at": pa.array([IN_UTC], pa.timestamp("ms")),
            "is_deleted": pa.array([False]),
        },
        {
            "order_id": "1001", "contact_id": "7", "ordered_at": IN_UTC, "status": "paid", "currency": "USD",
            "total_amount": Decimal("1234567.1000"), "tax_amount": Decimal(0), "shipping_amount": Decimal("12.5000"),
            "promised_delivery_at": datetime(2026, 1, 9), "delivered_at": None, "is_test": True, "updated_at": IN_UTC,
            "is_deleted": False,
        },
    ),
    "feedback/survey_responses": (
        {
            "response_id": "r1", "email": " Mai@X.vn ", "survey_type": "NPS", "score": "9", "scale_max": "10.0",
            "comment": 'two\n"lines"', "responded_at": "2026-01-03 08:04:05.678",
        },
        {
            "response_id": pa.array(["r1"]),
            "email": pa.array([" Mai@X.vn "]),
            "survey_type": pa.array(["NPS"]),
            "score": pa.array([9.0]),
            "scale_max": pa.array([10], pa.int16()),
            "comment": pa.array(['two\n"lines"']),
            "responded_at": pa.array([IN_UTC], pa.timestamp("us")),
        },
        {"email": "mai@x.vn", "survey_type": "nps", "score": Decimal(9), "scale_max": Decimal(10), "scale_min": None,
         "comment": 'two\n"lines"', "responded_at": IN_UTC},
    ),
    "finance/exchange_rates": (
        {"rate_date": "2026-01-03", "currency": "VND", "rate_to_reporting": "0.00003925"},
        {
            "rate_date": pa.array([date(2026, 1, 3)]),
            "currency": pa.array(["VND"]),
            "rate_to_reporting": pa.array([3.925e-05]),
        },
        {"rate_date": date(2026, 1, 3), "currency": "VND", "rate_to_reporting": Decimal("0.00003925")},
    ),
    "web/events": (
        {
            "event_id": "e1", "anonymous_id": "00042", "occurred_at": "2026-01-03T08:04:05.678Z",
            "event_name": "page_view", "page_url": "https://x.vn/?q=mi%20cro,phone", "engagement_ms": "1500",
        },
        {
            "event_id": pa.array(["e1"]),
            "anonymous_id": pa.array(["00042"]),
            "occurred_at": pa.array([AT], pa.timestamp("ns", "UTC")),
            "event_name": pa.array(["page_view"]),
            "page_url": pa.array(["https://x.vn/?q=mi%20cro,phone"]),
            "engagement_ms": pa.array([1500], pa.uint16()),
        },
        {"anonymous_id": "00042", "occurred_at": IN_UTC, "page_url": "https://x.vn/?q=mi%20cro,phone",
         "engagement_ms": Decimal(1500)},
    ),
}  # fmt: skip
BOOKKEEPING = {"_file_id", "_row_number", "row_status", "row_reason", "row_hash"}


@pytest.fixture(scope="module")
def staged_twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with the same rows landed and staged twice, from CSV and from Parquet."""
    root = tmp_path_factory.mktemp("twins")
    raw = root / "raw"
    for label, (as_text, as_types, _) in TWINS.items():
        write_rows(raw, label, [as_text], part="text")
        pq.write_table(pa.table(dict(as_types)), raw / label / "typed.parquet")
    write_required_tables(raw)
    with open_warehouse(root / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        land(connection, raw, lambda table, share: None)
    models = [f"+stg_{label.replace('/', '__')}" for label in TWINS]
    settings = "{as_of: '2026-06-30', reporting_currency: USD}"
    # without tests that read other tables too
    options = ["--indirect-selection", "cautious", "--select", *models, "--vars", settings]
    must_pass(run_dbt(root / "warehouse.duckdb", root, "build", *options))
    return root / "warehouse.duckdb"


@pytest.mark.parametrize("label", TWINS)
def test_csv_and_parquet_of_the_same_row_are_staged_alike(label: str, staged_twins: Path) -> None:
    """A row has the same staged values from CSV and Parquet; otherwise duplicates between them would not be found."""
    with duckdb.connect(str(staged_twins), read_only=True) as connection:
        relation = connection.sql(f"from staging.stg_{label.replace('/', '__')} order by _file_id")
        staged = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    assert len(staged) == 2
    text, typed = ({name: row[name] for name in row if name not in BOOKKEEPING} for row in staged)
    assert text == typed
    expected = TWINS[label][2]
    assert {name: text[name] for name in expected} == expected
    # ties are broken by the md5 of the row, so it must be equal too
    assert sorted((row["row_status"], row["row_reason"]) for row in staged) == [
        ("accepted", None),
        ("duplicate", "exact"),
    ]
