"""What lies in a raw folder: the files of each table, and what is read of none.

Nothing is skipped without a word: an export that a tool writes in another form would else be rows that nobody misses.
"""

import gzip
import io
import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from customer_journey.contract import RawTable
from customer_journey.errors import InputError
from customer_journey.hash_key import DEMO_MARK

_TEXT = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_SHEETS = (".xlsx", ".xls", ".xlsb", ".ods")
_JSON = (".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz")
SUFFIXES = (".parquet", *_TEXT, *_SHEETS, *_JSON)
READ = "files of raw tables are .parquet, .csv, .csv.gz, .tsv, .xlsx, .json, .ndjson"

# what may lie at the top of a raw folder without being a table
_NO_TABLES = ("vars.yml", "mapping.yml", DEMO_MARK)
# how many names stand in a line
_NAMED = 20


@dataclass
class RawFiles:
    """The files to read of each table, and those in its place that are not read."""

    read: dict[RawTable, list[Path]] = field(default_factory=dict)
    unread: dict[RawTable, list[Path]] = field(default_factory=dict)


def files_in(raw: Path, tables: Iterable[RawTable], claimed: Collection[Path] = ()) -> RawFiles:
    """Return the files of each table: `<source>/<table>.<suffix>` and all below the folder `<source>/<table>`.

    What is `claimed`, files and whole folders, is read in another way and left out.

    Raises:
        InputError: a name is no UTF-8, a folder cannot be looked into, or a table has files of which none is read.
    """
    found = RawFiles()
    for table in tables:
        beside = [
            file
            for file in _entries(raw / table.source)
            if file.name.startswith(f"{table.name}.") or (file.name == table.name and not file.is_dir())
            if not is_claimed(file, claimed)
        ]
        single = {file: suffix_of(file) != "" and file.name == f"{table.name}{suffix_of(file)}" for file in beside}
        below = {
            file: suffix_of(file) != ""
            for file in _below(raw / table.source / table.name)
            if not is_claimed(file, claimed)
        }
        read: list[Path] = []
        unread: list[Path] = []
        for file, is_data in {**single, **below}.items():
            (read if is_data and file.is_file() else unread).append(file)
        if unread and not read:
            raise InputError(
                f"{raw / table.source / table.name}: of table {table.label} nothing can be read "
                f"({_names(raw / table.source, unread)}): {READ}. Export it as one of them."
            )
        found.read[table], found.unread[table] = sorted(read), sorted(unread)
    return found


def files_matching(raw: Path, pattern: str) -> list[Path]:
    """Return the files under `raw` whose path below it fits a pattern, `*` within a folder and `**` over folders."""
    wanted = unicodedata.normalize("NFC", pattern)
    return sorted(
        file for file in _below(raw) if fits(unicodedata.normalize("NFC", file.relative_to(raw).as_posix()), wanted)
    )


def fits(path: str, pattern: str) -> bool:
    """Tell whether a path fits a pattern: a name as it is, else `*`, `?` within a folder and `**` over folders."""
    if path == pattern:
        return True
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.fullmatch("".join(signs.get(part, re.escape(part)) for part in parts), path) is not None


def data_files_below(folder: Path) -> list[Path]:
    """Return the files of rows in a folder and in those below it."""
    return sorted(file for file in _below(folder) if suffix_of(file) and file.is_file())


def is_claimed(file: Path, claimed: Collection[Path]) -> bool:
    """Tell whether a file is among those, or lies in a folder that is."""
    return any(file == one or one in file.parents for one in claimed)


def lines_on_unread(raw: Path, found: RawFiles, claimed: Collection[Path] = ()) -> list[str]:
    """Return a line on each table with files that are not read, and on what belongs to no table."""
    lines = [
        f"{table.label}: {_names(raw / table.source, unread)} not read ({READ})"
        for table, unread in found.unread.items()
        if unread
    ]
    sources = {table.source for table in found.read}
    for entry in _entries(raw):
        if entry.name in _NO_TABLES or is_claimed(entry, claimed):
            continue
        if not entry.is_dir():
            lines.append(f"{_name(raw, entry)}: in no folder of a source, not read")
            continue
        tables = [table.name for table in found.read if table.source == entry.name]
        strange = [
            below
            for below in _entries(entry)
            if below.name not in tables and not any(below.name.startswith(f"{table}.") for table in tables)
            if not is_claimed(below, claimed)
        ]
        if entry.name in sources:
            lines += [f"{_name(raw, below)}: no table of the contract, not read" for below in strange]
        elif strange:
            lines.append(f"{_names(raw, strange)}: no table of the contract, not read")
    return lines


def suffix_of(file: Path) -> str:
    """Return the suffix of a file that is read, as it is written (some exports write .CSV); empty for others."""
    name = file.name.lower()
    # the longest first: .csv.gz is no .gz
    known = next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(suffix)), "")
    return file.name[len(file.name) - len(known) :] if known else ""


def is_parquet(file: Path) -> bool:
    """Tell whether a file is Parquet; the others are text."""
    return suffix_of(file).lower() == ".parquet"


def is_text(file: Path) -> bool:
    """Tell whether a file is text with columns."""
    return suffix_of(file).lower() in _TEXT


def is_sheet(file: Path) -> bool:
    """Tell whether a file is a workbook of a spreadsheet program."""
    return suffix_of(file).lower() in _SHEETS


def is_json(file: Path) -> bool:
    """Tell whether a file holds records of JSON."""
    return suffix_of(file).lower() in _JSON


def delimiter_of(file: Path) -> str:
    """Return what stands between the fields of a text file."""
    return "\t" if ".tsv" in suffix_of(file).lower() else ","


def is_compressed(file: Path) -> bool:
    """Tell whether a text file is compressed."""
    return suffix_of(file).lower().endswith(".gz")


def open_text(file: Path) -> gzip.GzipFile | io.BufferedReader:
    """Open a text file, compressed or not, as the bytes of its text."""
    return gzip.open(file, "rb") if is_compressed(file) else file.open("rb")


def _entries(folder: Path) -> list[Path]:
    """Return what lies in a folder but what is hidden, and what Spark and Hadoop write beside their files."""
    if not folder.is_dir():
        return []
    try:
        entries = sorted(Path(entry.path) for entry in os.scandir(folder))
    except OSError as error:
        raise InputError(f"{folder}: cannot be looked into ({error.strerror}).") from error
    for entry in entries:
        try:
            entry.name.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{entry}: the name is no UTF-8. Rename it.") from error
    return [entry for entry in entries if not _is_hidden(entry.name)]


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_SUCCESS", "_committed_", "_started_"))


def _below(folder: Path) -> list[Path]:
    """Return all below a folder that is no folder itself; a link to a folder is not followed, it may lead back."""
    found = []
    for entry in _entries(folder):
        if entry.is_dir() and not entry.is_symlink():
            found += _below(entry)
        else:
            found.append(entry)
    return found


def _names(folder: Path, files: Sequence[Path]) -> str:
    more = f" and {len(files) - _NAMED:,} more" if len(files) > _NAMED else ""
    return ", ".join(_name(folder, file) for file in files[:_NAMED]) + more


def _name(folder: Path, entry: Path) -> str:
    return entry.relative_to(folder).as_posix()
