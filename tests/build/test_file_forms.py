"""Forms of CSV and Parquet files, and names of files, columns and folders, that landing accepts."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.builds import write_rows
from tests.support.landing import Landing, contacts


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
        ("1", 'Mai "Míc" Anh, phòng thu ', "a@x.vn", "2026-01-01"),
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
