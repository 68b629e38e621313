"""The files of a raw folder: those of each table, and those that are not read.

Every file that is not read is reported. Otherwise the rows of an export in an unexpected format would silently be
missing.
"""

import gzip
import io
import os
import re
import stat
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from customer_journey.contract import RawTable
from customer_journey.errors import InputError
from customer_journey.privacy.hash_key import DEMO_MARK

_TEXT = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_SHEETS = (".xlsx", ".xls", ".xlsb", ".ods")
_JSON = (".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz")
SUFFIXES = (".parquet", *_TEXT, *_SHEETS, *_JSON)
READ = "files of raw tables are .parquet, .csv, .csv.gz, .tsv, .xlsx, .json, .ndjson"

ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

# files at the top of a raw folder that are not tables
MAPPING = "mapping.yml"
_NO_TABLES = ("vars.yml", MAPPING, DEMO_MARK)
# files that systems and office programs leave in folders; they hold no rows
_HIDDEN = (".", "~$", "_SUCCESS", "_committed_", "_started_", "__macosx", "thumbs.db", "desktop.ini")
# the most names that a message lists
_NAMED = 20


@dataclass
class RawFiles:
    """For each table, the files to read, and the files at its place that are not read."""

    read: dict[RawTable, list[Path]] = field(default_factory=dict)
    unread: dict[RawTable, list[Path]] = field(default_factory=dict)


def files_in(raw: Path, tables: Iterable[RawTable], claimed: Collection[Path] = ()) -> RawFiles:
    """Return the files of each table: `<source>/<table>.<suffix>` and all below the folder `<source>/<table>`.

    The `claimed` files and folders are read through the mapping, and left out here.

    Raises:
        InputError: a name is not valid UTF-8, a folder cannot be opened, or none of the files of a table can be read.
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
                f"{raw / table.source / table.name}: none of the files of table {table.label} can be read "
                f"({_names(raw / table.source, unread)}): {READ}. {_remedy(unread)}"
            )
        found.read[table], found.unread[table] = sorted(read), sorted(unread)
    return found


def files_matching(raw: Path, pattern: str) -> list[Path]:
    """Return the files under `raw` whose relative path matches a pattern: `*` within a folder, `**` across folders."""
    wanted = unicodedata.normalize("NFC", pattern)
    return sorted(
        file for file in _below(raw) if fits(unicodedata.normalize("NFC", file.relative_to(raw).as_posix()), wanted)
    )


def fits(path: str, pattern: str) -> bool:
    """Return whether a path matches a pattern: literally, or with `*`, `?` within a folder and `**` across folders."""
    if path == pattern:
        return True
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.fullmatch("".join(signs.get(part, re.escape(part)) for part in parts), path) is not None


def files_below(folder: Path) -> list[Path]:
    """Return the files in a folder and its subfolders, without hidden ones."""
    return sorted(file for file in _below(folder) if file.is_file())


def data_files_below(folder: Path) -> list[Path]:
    """Return the data files in a folder and its subfolders."""
    return [file for file in files_below(folder) if suffix_of(file)]


def is_claimed(file: Path, claimed: Collection[Path]) -> bool:
    """Return whether a file, or a folder that it is in, is claimed."""
    return any(file == one or one in file.parents for one in claimed)


def lines_on_unread(raw: Path, found: RawFiles, claimed: Collection[Path] = ()) -> list[str]:
    """Return a line on each table with files that are not read, and on each file that belongs to no table."""
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
            has_mapping = (raw / MAPPING).is_file()
            why = "no entry of mapping.yml names it" if has_mapping else "not in the folder of a source"
            place = "" if has_mapping else _usual_place(entry, found.read)
            lines.append(f"{_name(raw, entry)}: {why}, so not read{f'. Move it to {place}' if place else ''}")
            continue
        tables = [table.name for table in found.read if table.source == entry.name]
        strange = [
            below
            for below in _entries(entry)
            if below.name not in tables and not any(below.name.startswith(f"{table}.") for table in tables)
            if not is_claimed(below, claimed)
        ]
        if entry.name in sources:
            meant = {below: _meant(raw, below, found.read) for below in strange}
            lines += [
                f"{_name(raw, below)}: not a raw table, so not read{f'. Rename it to {near}' if near else ''}"
                for below, near in meant.items()
            ]
        elif strange:
            # the folder of a whole company, one level too low
            is_raw = any(
                table.source == below.name and child.name.split(".")[0] == table.name
                for below in strange
                if below.is_dir()
                for child in _entries(below)
                for table in found.read
            )
            hint = f". If {entry} is the raw folder, name it instead of {raw}" if is_raw else ""
            lines.append(f"{_names(raw, strange)}: not a raw table, so not read{hint}")
    return lines


def _usual_place(file: Path, tables: Iterable[RawTable]) -> str:
    """Return where a file belongs that has the name of a raw table but no folder of a source; empty for others."""
    suffix = suffix_of(file)
    name = file.name[: -len(suffix)] if suffix else ""
    found = [table.label for table in tables if table.name == name.lower()]
    return f"{found[0]}{suffix}" if len(found) == 1 else ""


def misnamed(raw: Path, table: RawTable) -> list[tuple[Path, str]]:
    """Return the files that would be a table but for capitals in their names, each with the name that it needs."""
    found = [(file, _meant(raw, file, [table])) for file in data_files_below(raw)]
    return [(file, near) for file, near in found if near]


def _meant(raw: Path, file: Path, tables: Iterable[RawTable]) -> str:
    """Return the path at which a file would be read, if its own differs from it only in capitals; else empty."""
    path, suffix = file.relative_to(raw).as_posix(), suffix_of(file)
    label = path.removesuffix(suffix) if suffix else path
    return next((f"{one.label}{suffix}" for one in tables if label != one.label == label.lower()), "")


def suffix_of(file: Path) -> str:
    """Return the suffix of a data file as it is written (some tools write .CSV); empty for other files."""
    name = file.name.lower()
    # longest first, so that .json.gz is found before .gz
    known = next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(suffix)), "")
    return file.name[len(file.name) - len(known) :] if known else ""


def is_archive(file: Path) -> bool:
    """Return whether a file is an archive of other files, by its suffix."""
    return file.name.lower().endswith(ARCHIVES)


def _remedy(unread: Sequence[Path]) -> str:
    if all(map(no_file, unread)):
        return "Put a file in its place."
    return "Unpack it here." if all(map(is_archive, unread)) else "Export the table as one of these."


def no_file(entry: Path) -> str | None:
    """Return what an entry of a folder is instead of a file: a folder, a pipe, a broken link; None for a file."""
    try:
        mode = entry.stat().st_mode
    except OSError:
        return "a link that leads nowhere" if entry.is_symlink() else None
    kinds = {
        stat.S_IFDIR: "a linked folder" if entry.is_symlink() else "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode))


def is_parquet(file: Path) -> bool:
    """Return whether a file is Parquet, by its suffix."""
    return suffix_of(file).lower() == ".parquet"


def is_text(file: Path) -> bool:
    """Return whether a file is delimited text, by its suffix."""
    return suffix_of(file).lower() in _TEXT


def is_sheet(file: Path) -> bool:
    """Return whether a file is a workbook, by its suffix."""
    return suffix_of(file).lower() in _SHEETS


def is_json(file: Path) -> bool:
    """Return whether a file is JSON, by its suffix."""
    return suffix_of(file).lower() in _JSON


def delimiter_of(file: Path) -> str:
    """Return the usual separator of a text file, by its suffix."""
    return "\t" if ".tsv" in suffix_of(file).lower() else ","


def is_compressed(file: Path) -> bool:
    """Return whether a file is compressed with gzip, by its suffix."""
    return suffix_of(file).lower().endswith(".gz")


def open_text(file: Path) -> gzip.GzipFile | io.BufferedReader:
    """Open a text file, compressed or not, for reading its bytes."""
    return gzip.open(file, "rb") if is_compressed(file) else file.open("rb")


def _entries(folder: Path) -> list[Path]:
    """Return the entries of a folder, without hidden files and those that systems and programs add."""
    if not folder.is_dir():
        return []
    try:
        entries = sorted(Path(entry.path) for entry in os.scandir(folder))
    except OSError as error:
        raise InputError(f"{folder}: cannot be opened ({error.strerror}). Check its permissions.") from error
    for entry in entries:
        try:
            entry.name.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{entry}: the name is not valid UTF-8. Rename it.") from error
    return [entry for entry in entries if not _is_hidden(entry.name)]


def _is_hidden(name: str) -> bool:
    return name.lower().startswith(tuple(map(str.lower, _HIDDEN)))


def _below(folder: Path) -> list[Path]:
    """Return all files below a folder; links to folders are not followed, since they may form a loop."""
    return [entry for entry in entries_below(folder) if not entry.is_dir() or entry.is_symlink()]


def entries_below(folder: Path) -> Iterator[Path]:
    """Yield all files and folders below a folder, hidden ones and linked folders left out."""
    for entry in _entries(folder):
        yield entry
        if entry.is_dir() and not entry.is_symlink():
            yield from entries_below(entry)


def _names(folder: Path, files: Sequence[Path]) -> str:
    more = f" and {len(files) - _NAMED:,} more" if len(files) > _NAMED else ""
    kinds = {file: no_file(file) for file in files[:_NAMED]}
    return (
        ", ".join(
            _name(folder, file) + (f" ({kind})" if kind not in (None, "a folder") else "")
            for file, kind in kinds.items()
        )
        + more
    )


def _name(folder: Path, entry: Path) -> str:
    return entry.relative_to(folder).as_posix()
