"""Files in a raw folder: each one is read, named as not read, or refused in one line; none is ignored silently."""

import contextlib
import gzip
import os
import random
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from customer_journey.errors import InputError, as_build_error
from customer_journey.landing import land as landing_module
from customer_journey.landing.land import land
from customer_journey.landing.landed import LandingReport
from customer_journey.privacy import erasure
from customer_journey.raw import broken_files, broken_lines
from customer_journey.raw.deliveries import content_of
from customer_journey.settings import read_settings
from customer_journey.warehouse import open_warehouse

from tests.support.builds import write_required_tables

CONTACTS = "contact_id,full_name,created_at\n1,Hà,2026-01-01\n2,Ân,2026-01-02\n"


class Folder:
    """A raw folder with empty required tables, and the warehouse that it lands in."""

    def __init__(self, raw: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.raw = raw
        self.connection = connection
        self.contacts = raw / "crm" / "contacts"
        (raw / "crm" / "contacts.csv").unlink()
        self.contacts.mkdir()

    def write(self, name: str, content: str | bytes, folder: str = "") -> Path:
        """Write a file into the folder of crm/contacts or a subfolder."""
        file = self.contacts / folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def land(self) -> LandingReport:
        """Land the folder as a build does."""
        return land(self.connection, self.raw, lambda table, share: None)

    def rows(self) -> list[tuple[Any, ...]]:
        """Return id, name and row number of each landed contact."""
        return self.connection.execute(
            "select contact_id, full_name, _row_number from raw_crm.contacts order by all"
        ).fetchall()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """The folder."""
    write_required_tables(tmp_path / "raw")
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        yield Folder(tmp_path / "raw", connection)


READABLE = {
    "part.csv.gz": gzip.compress(CONTACTS.encode()),
    "part.CSV.GZ": gzip.compress(CONTACTS.encode()),
    "part.tsv": CONTACTS.replace(",", "\t").encode(),
    "part.tsv.gz": gzip.compress(CONTACTS.replace(",", "\t").encode()),
    "with a mark.tsv": CONTACTS.replace(",", "\t").encode("utf-8-sig"),
    "with a mark.csv.gz": gzip.compress(CONTACTS.encode("utf-8-sig")),
    "of Windows.tsv": CONTACTS.replace(",", "\t").replace("\n", "\r\n").encode(),
}


@pytest.mark.parametrize("name", READABLE)
def test_every_kind_of_the_contract_is_read(name: str, folder: Folder) -> None:
    """Every file type of the contract is read, such as .csv.gz and .tsv."""
    folder.write(name, READABLE[name])
    report = folder.land()
    assert folder.rows() == [("1", "Hà", 1), ("2", "Ân", 2)]
    assert report.drift == []


def test_tab_separated_fields_may_hold_commas_quotes_and_tabs(folder: Folder) -> None:
    """Tab-separated fields may hold commas, quotes and tabs."""
    folder.write("part.tsv", 'contact_id\tfull_name\tcreated_at\n1\t"a, ""b""\tc"\t2026-01-01\n')
    folder.land()
    # a tab lands as a blank, as line breaks do
    assert folder.rows() == [("1", 'a, "b" c', 1)]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_name_of_a_folder_is_no_column(kind: str, folder: Folder) -> None:
    """A folder named `contact_id=zz` adds no column: DuckDB would read it as a partition and overwrite contact_id."""
    if kind == "csv":
        folder.write("part.csv", CONTACTS, "contact_id=zz/full_name=all")
    else:
        file = folder.write("part.parquet", b"", "contact_id=zz/full_name=all")
        pq.write_table(
            pa.table({"contact_id": ["1", "2"], "full_name": ["Hà", "Ân"], "created_at": ["2026-01-01", "2026-01-02"]}),
            file,
        )
    report = folder.land()
    assert folder.rows() == [("1", "Hà", 1), ("2", "Ân", 2)]
    assert report.drift == []


def test_file_that_is_not_read_is_named(folder: Folder) -> None:
    """A file that is not read, such as a workbook of an old format, is named."""
    folder.write("2026-01.csv", CONTACTS)
    for name in ("2026-02.doc", "2026-03.xml", "2026-04.csv.zip", "2026-05", "2026-06.csv.bak"):
        folder.write(name, b"rows")
    (folder.contacts / "2026-07.csv").mkdir()
    (folder.contacts / "2026-07.csv" / "part.avro").touch()
    (folder.raw / "crm" / "contacts.numbers").touch()
    (folder.raw / "contacts.csv").write_text(CONTACTS, encoding="utf-8")
    (folder.raw / "shopify" / "orders").mkdir(parents=True)
    # file types that never hold rows
    for name in (".DS_Store", "_SUCCESS", ".part.csv.crc"):
        folder.write(name, b"")
    assert folder.land().drift == [
        "crm/contacts: contacts/2026-02.doc, contacts/2026-03.xml, contacts/2026-04.csv.zip, contacts/2026-05,"
        " contacts/2026-06.csv.bak, contacts/2026-07.csv/part.avro, contacts.numbers not read"
        " (files of raw tables are .parquet, .csv, .csv.gz, .tsv, .xlsx, .json, .ndjson)",
        "contacts.csv: not in the folder of a source, so not read. Move it to crm/contacts.csv",
        "shopify/orders: not a raw table, so not read",
    ]


def _link_to_itself(folder: Folder) -> None:
    (folder.contacts / "again.csv").symlink_to("again.csv")


def _link_to_the_folder(folder: Folder) -> None:
    (folder.contacts / "again").symlink_to(folder.contacts)


def _link_to_nothing(folder: Folder) -> None:
    (folder.contacts / "again.csv").symlink_to("gone.csv")


def _pipe(folder: Folder) -> None:
    os.mkfifo(folder.contacts / "again.csv")


def _device(folder: Folder) -> None:
    (folder.contacts / "again.csv").symlink_to("/dev/zero")


def _socket(folder: Folder) -> None:
    # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as bound, contextlib.chdir(folder.contacts):
        bound.bind("again.csv")


NO_FILES = {
    _link_to_itself: "again.csv (a link that leads nowhere)",
    _link_to_the_folder: "again (a linked folder)",
    _link_to_nothing: "again.csv (a link that leads nowhere)",
    _pipe: "again.csv (a pipe)",
    _device: "again.csv (a device)",
    _socket: "again.csv (a socket)",
}


@pytest.mark.parametrize(("spoil", "named"), NO_FILES.items())
def test_what_is_no_file_is_named(spoil: Callable[[Folder], None], named: str, folder: Folder) -> None:
    """Links in a circle, pipes and devices are named; otherwise a build would never end."""
    folder.write("part.csv", CONTACTS)
    spoil(folder)
    (line,) = folder.land().drift
    assert line.startswith(f"crm/contacts: contacts/{named} not read (")
    assert len(folder.rows()) == 2


@pytest.mark.parametrize(("spoil", "named"), NO_FILES.items())
def test_nothing_but_what_is_no_file_is_refused(spoil: Callable[[Folder], None], named: str, folder: Folder) -> None:
    """A table of nothing else is refused, at its usual place and where mapping.yml names it."""
    spoil(folder)
    with pytest.raises(InputError) as raised:
        folder.land()
    assert f"can be read (contacts/{named})" in str(raised.value)
    assert "Put a file in its place" in str(raised.value)
    (folder.raw / "mapping.yml").write_text("tables:\n  crm/contacts: {files: ['crm/contacts/*']}\n", encoding="utf-8")
    with pytest.raises(InputError, match=rf"{named.split(' (')[0]}: is {named.split('(')[1][:-1]}, no file"):
        folder.land()


def test_file_made_to_fill_a_disk_is_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a few megabytes that expands to some gigabytes is refused before it is read; other files are not."""
    rows = "".join(f"{number},{os.urandom(8).hex()},2026-01-01\n" for number in range(30_000))
    folder.write("usual.csv.gz", gzip.compress((CONTACTS + rows).encode()))
    monkeypatch.setattr(broken_files, "_LARGE", 10**6)
    folder.land()
    bomb = folder.write("bomb.csv.gz", gzip.compress(CONTACTS.encode() + b"3,Mai,2026-01-01\n" * 100_000))
    with pytest.raises(InputError, match=r"bomb\.csv\.gz: would expand from 0 MB to about 0 GB"):
        folder.land()
    assert bomb.stat().st_size < 10**5


def test_large_json_is_not_searched_for_broken_lines(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON is searched for its broken lines up to a size; beyond it Python would take all memory."""
    folder.write("part.ndjson", '{"contact_id": "1", "created_at": "2026-01-01"}\n{"contact_id"\n')
    assert folder.land().files_read == 3
    monkeypatch.setattr(broken_lines, "_MOST_TO_MEND", 10)
    folder.write("part.ndjson", '{"contact_id": "2", "created_at": "2026-01-01"}\n{"contact_id"\n')
    with pytest.raises(InputError, match=r"part\.ndjson: cannot be read as JSON"):
        folder.land()


@pytest.mark.parametrize("name", ["mapping.yml", "vars.yml"])
def test_settings_that_are_no_file_are_refused(name: str, folder: Folder) -> None:
    """A broken link or a pipe in the place of settings is refused; the build would go on without them."""
    folder.write("part.csv", CONTACTS)
    (folder.raw / name).symlink_to("gone.yml")
    with pytest.raises(InputError, match="is a link that leads nowhere, but must be a file"):
        read_settings(folder.raw, None, datetime.now(UTC))
        folder.land()


def _nothing_that_is_read(folder: Folder) -> None:
    folder.write("2026-02.doc", b"PK")


def _optional_table_of_a_workbook(folder: Folder) -> None:
    folder.write("part.csv", CONTACTS)
    (folder.raw / "crm" / "deals.numbers").write_bytes(b"PK")


def _empty(folder: Folder) -> None:
    folder.write("part.csv", b"")


def _empty_parquet(folder: Folder) -> None:
    folder.write("part.parquet", b"")


def _empty_compressed(folder: Folder) -> None:
    folder.write("part.csv.gz", b"")


def _utf_16(folder: Folder) -> None:
    folder.write("part.csv", CONTACTS.encode("utf-16-le"))


def _nul_in_the_header(folder: Folder) -> None:
    folder.write("part.csv", CONTACTS.replace("full", "full\0"))


def _no_gzip(folder: Folder) -> None:
    folder.write("part.csv.gz", CONTACTS)


def _half_a_gzip(folder: Folder) -> None:
    rows = "".join(f"{number},{os.urandom(20).hex()},2026-01-01\n" for number in range(5000))
    whole = gzip.compress((CONTACTS + rows).encode())
    folder.write("part.csv.gz", whole[: len(whole) // 2])


def _half_a_parquet(folder: Folder) -> None:
    file = folder.write("part.parquet", b"")
    pq.write_table(pa.table({"contact_id": ["1"], "created_at": ["2026-01-01"]}), file)
    file.write_bytes(file.read_bytes()[:-20])


def _column_twice(folder: Folder) -> None:
    folder.write("part.csv", "contact_id,created_at,email,Email\n1,2026-01-01,a,b\n")


def _no_utf_8_name(folder: Folder) -> None:
    (folder.contacts / os.fsdecode(b"h\xe0.csv")).write_text(CONTACTS, encoding="utf-8")


REFUSED: dict[str, tuple[Callable[[Folder], None], str]] = {
    "only a document": (
        _nothing_that_is_read,
        "none of the files of table crm/contacts can be read (contacts/2026-02.doc)",
    ),
    "workbook of an optional table": (
        _optional_table_of_a_workbook,
        "none of the files of table crm/deals can be read",
    ),
    "empty file": (_empty, "part.csv: is empty"),
    "empty Parquet": (_empty_parquet, "part.parquet: is empty"),
    "empty compressed file": (_empty_compressed, "part.csv.gz: is empty"),
    "UTF-16 without a mark": (_utf_16, "Save it as UTF-8"),
    "NUL in the header": (_nul_in_the_header, "NUL in its header"),
    "text named .gz": (_no_gzip, "part.csv.gz: is not gzip"),
    "half a compressed file": (_half_a_gzip, "part.csv.gz: cannot be read"),
    "half a Parquet file": (_half_a_parquet, "part.parquet: cannot be read as Parquet"),
    "a column twice": (_column_twice, "twice"),
    "a name that is no UTF-8": (_no_utf_8_name, "the name is not valid UTF-8"),
}


@pytest.mark.parametrize(("spoil", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_in_one_line(
    spoil: Callable[[Folder], None], words: str, folder: Folder
) -> None:
    """A file that cannot be read is refused in one line, without a traceback and without landing half of it."""
    spoil(folder)
    with pytest.raises(InputError) as raised:
        folder.land()
    assert words in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["part.csv", "part.csv.gz", "part.parquet"])
def test_file_that_goes_while_it_is_landed(name: str, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is deleted while it is landed causes one line, no traceback."""
    file = folder.write("part.parquet", b"")
    pq.write_table(pa.table({"contact_id": ["1"], "created_at": ["2026-01-01"]}), file)
    file.unlink() if name != file.name else None
    if name != file.name:
        file = folder.write(name, gzip.compress(CONTACTS.encode()) if name.endswith("gz") else CONTACTS)

    def gone_after(files: Sequence[Path]) -> str:
        digest = content_of(files)
        if files == [file]:
            file.unlink()
        return digest

    monkeypatch.setattr(landing_module, "content_of", gone_after)
    with pytest.raises(InputError, match=r"is gone now\. Build again"):
        folder.land()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_may_not_be_read_is_refused_in_one_line(
    kind: str, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file or folder without read permission is refused in one line; a folder does not count as empty."""
    file = folder.write("part.csv", CONTACTS)

    # the user who runs the tests may have all permissions, such as root
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    if kind == "file":
        monkeypatch.setattr(landing_module, "state_of", refuse)
    else:
        monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        folder.land()


@pytest.mark.parametrize("name", ["part.csv", "part.csv.gz", "part.parquet"])
def test_too_little_memory_is_no_fault_of_the_file(name: str, folder: Folder) -> None:
    """A lack of memory is reported as such and not as a broken file."""
    draw = random.Random(14)
    rows = "".join(f"{number},{draw.randbytes(2000).hex()},2026-01-01\n" for number in range(20_000))
    file = folder.write(name.replace(".gz", "").replace(".parquet", ".csv"), CONTACTS + rows)
    if name.endswith(".parquet"):
        duckdb.sql(f"copy (from read_csv('{file}', all_varchar = true)) to '{folder.contacts / name}'")
        file.unlink()
    elif name.endswith(".gz"):
        with (folder.contacts / name).open("wb") as stream:
            stream.write(gzip.compress(file.read_bytes(), 1))
        file.unlink()
    folder.connection.execute("set temp_directory = ''")
    folder.connection.execute("set memory_limit = '10MB'")
    with pytest.raises(duckdb.Error) as raised:
        folder.land()
    told = as_build_error(raised.value)
    assert told is not None and told.exit_code == 1
    assert str(told).startswith("out of memory")
    shutil.rmtree(folder.contacts)
