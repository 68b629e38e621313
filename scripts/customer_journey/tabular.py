"""Reading of data files as text columns: CSV of any separator and encoding, Parquet, sheets, JSON.

Sheets and text in other encodings are first rewritten as UTF-8 CSV, so that one reader serves all text.
"""

import codecs
import csv
import gzip
import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from customer_journey.broken_lines import MARK, BrokenLine, copy_of_json, copy_without
from customer_journey.errors import InputError, first_line, what_gave_out
from customer_journey.mapping import Reading, did_you_mean
from customer_journey.raw_files import (
    delimiter_of,
    is_compressed,
    is_json,
    is_parquet,
    is_sheet,
    open_text,
)
from customer_journey.scratch import scratch_folder
from customer_journey.warehouse import quoted, quoted_name

# The longest row of a CSV file, in bytes, and the buffer to read it: a comment may hold a picture encoded as text.
LONGEST_ROW = 16 * 2**20
READ_AT_ONCE = 2 * LONGEST_ROW
# slow to import, and builds without sheets do not need it
if TYPE_CHECKING:
    import python_calamine

_UTF_8 = ("utf-8", "utf_8", "utf8", "utf-8-sig", "utf_8_sig", "ascii", "us-ascii")
_TO_CONVERT = 2**20
_EMPTY = "is empty, without even a header. Export it again."
# how many lines below the first one are searched for the header
_TITLE_LINES = 20
# With fewer non-ASCII letters than this, a text may be valid UTF-8 by chance.
_SIGNS_OF_UTF_8 = 4
_PEEKED = 512
# first bytes of a file, by which its real format shows
_KINDS = {
    b"PK\x03\x04": "a workbook",
    b"\xd0\xcf\x11\xe0": "an old workbook",
    b"PAR1": "Parquet",
    b"\x1f\x8b": "gzip",
    b"%PDF": "a PDF",
}
_KINDS_OF_TEXT = {
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"<table": "a web page",
    b"<?xml": "XML",
    b'{"': "JSON",
    b"[{": "JSON",
    b"[\n": "JSON",
    b"[\r": "JSON",
}
_INSTEAD = {
    "a workbook": "If Excel opens it, rename it to end in .xlsx; if it is a zip archive of files, unpack it here.",
    "an old workbook": "Rename it to end in .xls.",
    "Parquet": "Rename it to end in .parquet.",
    "gzip": "Rename it to end in .gz, as .csv.gz.",
    "a PDF": "Export the rows as .csv or .xlsx.",
    "a web page": "Look at it in a browser: if it is a table, open it in a spreadsheet program and save it as .xlsx; "
    "if it asks to log in, export it again.",
    "XML": "Open it in a spreadsheet program and save it as .xlsx, or export it as .csv.",
    "JSON": "Rename it to end in .json, or in .ndjson if each line is one record.",
    "text": "Rename it to end in .csv, or in .tsv if tabs part its columns.",
}


class Column(NamedTuple):
    """One column of a file or of an EL tool's table, with the name and type that it has there."""

    name: str
    data_type: str


# Temporary tables of DuckDB that list the lines it could not read.
_REJECTED = "rejected_lines"
_REJECTED_SCANS = "rejected_scans"


def scan(file: Path, columns: Sequence[Column], delimiter: str | None = None, *, skips: bool = False) -> str:
    """Return the SQL table function that reads such a file; the paths are passed as the parameter `$files`.

    With `skips`, lines of text that cannot be read are left out, and `has_skipped` tells of it.
    """
    # hive_partitioning: a folder named `contact_id=1` must not become a column
    if is_parquet(file):
        return "read_parquet($files, hive_partitioning = false)"
    # no auto-detection: DuckDB would skip lines until the rest looks regular
    names = [column.name or f"nameless {number}" for number, column in enumerate(columns)]
    types = ", ".join(f"'{quoted(name)}': 'varchar'" for name in names)
    compression = "gzip" if is_compressed(file) else "none"
    return (
        f"read_csv($files, auto_detect = false, header = true, delim = '{quoted(delimiter or delimiter_of(file))}',"
        " quote = '\"', escape = '\"',"
        f" strict_mode = true, encoding = 'utf-8', max_line_size = {LONGEST_ROW}, buffer_size = {READ_AT_ONCE},"
        f" hive_partitioning = false, compression = '{compression}', columns = {{{types}}}"
        + (
            f", store_rejects = true, rejects_table = '{_REJECTED}', rejects_scan = '{_REJECTED_SCANS}')"
            if skips
            else ")"
        )
    )


def read_over_broken_lines(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    columns: Sequence[Column],
    delimiter: str | None,
    read: Callable[[str, Path], object],
    is_confusing: bool = False,
) -> list[BrokenLine]:
    """Read a file, or if lines of it are broken a copy without these; return the broken lines.

    `read` gets the table function and the file that it is to read, and replaces what it read before. A file that
    `confuses` DuckDB is read from a copy at once.

    Raises:
        duckdb.Error: the file is not UTF-8, or confuses DuckDB.
    """
    if not is_confusing:
        read(scan(file, columns, delimiter, skips=True), file)
        kinds = _skipped(connection)
        if not kinds:
            return []
        if "INVALID ENCODING" in kinds:
            # all lines with letters are concerned, so the file is at fault; this reader says which line is the first
            read(scan(file, columns, delimiter), file)
    with scratch_folder() as folder:
        copy = folder / "rows.csv"
        broken = copy_without(file, copy, delimiter or delimiter_of(file), LONGEST_ROW)
        read(scan(copy, columns, delimiter or delimiter_of(file)), copy)
    return broken


def confuses(error: duckdb.Error) -> bool:
    """Return whether DuckDB gave a text file up without naming a line, as it does at line ends of two kinds."""
    return "reached an invalid state" in str(error)


def _skipped(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the kinds of errors for which the last reading skipped lines."""
    if not connection.execute("select 1 from duckdb_tables() where table_name = ?", [_REJECTED]).fetchone():
        return set()
    kinds = connection.execute(f"select distinct error_type::varchar from {_REJECTED}").fetchall()
    for table in (_REJECTED, _REJECTED_SCANS):
        connection.execute(f"drop table {table}")
    return {kind for (kind,) in kinds}


def path_parameter(files: Sequence[Path]) -> dict[str, list[str]]:
    """Return the parameter `$files`, with the wildcard characters of the paths escaped."""
    return {"files": [re.sub(r"([*?\[])", r"[\1]", str(file)) for file in files]}


@contextmanager
def reading(file: Path, skipped: int = 0) -> Iterator[None]:
    """Turn errors while a file is read into an InputError of one line that names the file.

    `skipped` is the number of lines left out above the header, so that line numbers are those of the file.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{file}: was there when the build began, but is gone now. Build again.") from error
    except (gzip.BadGzipFile, EOFError, zlib.error, UnicodeError, csv.Error, zipfile.BadZipFile) as error:
        raise _unreadable(file, error, skipped) from error
    except OSError as error:
        if what_gave_out(error):
            raise
        raise InputError(f"{file}: cannot be read ({error.strerror or error}). Check its permissions.") from error
    except duckdb.Error as error:
        # out of memory is not the fault of the file: exporting it again would not help
        if what_gave_out(error):
            raise
        if not file.exists():
            raise InputError(f"{file}: was there when the build began, but is gone now. Build again.") from error
        raise _unreadable(file, error, skipped) from error


def _refuse_another_kind(file: Path) -> None:
    """Refuse a file whose content does not match its suffix, and name its real format; no reader would do so."""
    with file.open("rb") as stream:
        raw = stream.read(_PEEKED)
    if is_compressed(file):
        if raw and not raw.startswith(b"\x1f\x8b"):
            raise InputError(
                f"{file}: is not gzip, although its name ends in .gz. If it is plain text, rename it without .gz."
            )
        with gzip.open(file, "rb") as stream:
            raw = stream.read(_PEEKED)
    text = raw.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    found = next((kind for signs, kind in _KINDS.items() if raw.startswith(signs)), None)
    found = found or next((kind for signs, kind in _KINDS_OF_TEXT.items() if text.startswith(signs)), None)
    if is_parquet(file):
        own: tuple[str, ...] = ("Parquet",)
    elif is_sheet(file):
        own = ("a workbook", "an old workbook")
        if found is None and raw and b"\0" not in raw:
            found = "text"
    else:
        own = ("JSON",) if is_json(file) else ()
    if found is None or found in own or (is_parquet(file) and found in _KINDS_OF_TEXT.values()):
        return
    raise InputError(f"{file}: is {found}, not {_kind_of(file)}. {_INSTEAD[found]}")


def _kind_of(file: Path) -> str:
    text = "UTF-8 CSV" if delimiter_of(file) == "," else "UTF-8 TSV"
    return "Parquet" if is_parquet(file) else "JSON" if is_json(file) else "a sheet" if is_sheet(file) else text


def _unreadable(file: Path, error: Exception, skipped: int = 0) -> InputError:
    """Return the error of a reader in one line: where the file is malformed, and why."""
    lines = [line.strip() for line in str(error).removeprefix("Invalid Input Error: ").splitlines() if line.strip()]
    lines = lines or [type(error).__name__]
    reason = next((line for line in lines[1:] if "unicode" in line or "Expected Number" in line), None)
    is_encoding = isinstance(error, UnicodeError) or "unicode" in str(error)
    hint = "Export it again."
    if is_encoding:
        hint = "Save it as UTF-8, or write its encoding in mapping.yml, for example `encoding: cp1258`."
    elif "CSV Error on Line" in str(error):
        # exporting it again would give the same file
        hint = (
            "Correct that line: put a value that holds a separator, line break or quotation mark between quotation "
            "marks."
        )
    detail = f"{lines[0]}; {reason}" if reason else lines[0]
    detail = re.sub(r"Line: (\d+)", lambda found: f"Line: {int(found[1]) + skipped}", detail)
    return InputError(f"{file}: cannot be read as {_kind_of(file)} ({detail}). {hint}")


def columns_of(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    how: Reading | None = None,
    *,
    original: Path | None = None,
    number_repeated: bool = False,
) -> list[Column]:
    """Return the columns of a Parquet or UTF-8 text file; `original` is the file of the user if this one is a copy.

    With `number_repeated`, a repeated column name gets a number (`_with_numbers`) instead of being refused.

    Raises:
        InputError: the file is empty, names a column twice, or cannot be read.
    """
    how, shown = how or Reading(), original or file
    # opened here first, because DuckDB does not say why it cannot open a file
    with file.open("rb") as stream:
        is_empty = not stream.read(1)
    if is_empty:
        raise InputError(f"{shown}: {_EMPTY}")
    if original is None:
        _refuse_another_kind(file)
    if not is_parquet(file):
        columns = [Column(name, "VARCHAR") for name in _header_of(file, how, shown)]
    else:
        rows = connection.execute(
            "describe select * from read_parquet($files, hive_partitioning = false)", path_parameter([file])
        ).fetchall()
        columns = [Column(row[0], row[1]) for row in rows]
    if number_repeated:
        return _with_numbers(columns)
    _refuse_repeated(shown, columns)
    return columns


def _with_numbers(columns: Sequence[Column]) -> list[Column]:
    """Number column names that are equal apart from case, as DuckDB would confuse them: `name`, `name (2)`, ….

    The order is by name, capitals first, whatever the position of the columns: Shopee has two amounts whose names
    differ only in one capital.
    """
    found: dict[int, Column] = {}
    seen: dict[str, int] = {}
    for place, column in sorted(enumerate(columns), key=lambda one: one[1].name):
        seen[column.name.lower()] = number = seen.get(column.name.lower(), 0) + 1
        is_repeated = bool(column.name) and number > 1
        found[place] = Column(f"{column.name} ({number})", column.data_type) if is_repeated else column
    return [found[place] for place in range(len(columns))]


def _refuse_repeated(file: Path, columns: Sequence[Column]) -> None:
    # DuckDB treats names that differ only in case as equal
    names = [column.name.lower() for column in columns]
    repeated = sorted({column.name for column in columns if column.name and names.count(column.name.lower()) > 1})
    if repeated:
        raise InputError(f"{file}: the header names the column {repeated[0]!r} twice. Rename or remove one of them.")


def _header_of(file: Path, how: Reading, shown: Path) -> list[str]:
    """Return the column names in the first line of the file, which is line `how.header_row` of the file `shown`."""
    with open_text(file) as stream:
        first = stream.readline(LONGEST_ROW)
        if first.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in first:
            raise InputError(
                f"{shown}: cannot be read as UTF-8 CSV (NUL in its header, as in UTF-16). Save it as UTF-8, or run "
                "`journey init` on the folder, which writes a mapping.yml with its encoding."
            )
        line = first.decode("utf-8-sig")
        below = [stream.readline(LONGEST_ROW).decode("utf-8", errors="replace") for _ in range(_TITLE_LINES)]
    if separator := re.match(r"sep=(.)\r?\n", line):
        raise InputError(
            f"{shown}: its columns are separated by {separator[1]!r}, as its first line says. Write"
            f" `delimiter: {_in_yaml(separator[1])}` for this table in mapping.yml, or run `journey init` on the"
            " folder."
        )
    delimiter = how.delimiter or delimiter_of(file)
    names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    if not any(names) and not any(text.strip() for text in below):
        raise InputError(f"{shown}: {_EMPTY}")
    signs = [how.delimiter] if how.delimiter else [*";\t|,"]
    fields = [next(csv.reader([line], delimiter=sign), []) for sign in signs]
    if max(sum(bool(name.strip()) for name in names_by_sign) for names_by_sign in fields) <= 1:
        rows = [max((next(csv.reader([text], delimiter=sign), []) for sign in signs), key=len) for text in below]
        _refuse_title(shown, "line", line.strip().strip("".join(signs)), rows, how.header_row)
    if len(names) == 1 and how.delimiter is None:
        other = max(";\t|,", key=names[0].count)
        if names[0].count(other):
            raise InputError(
                f"{shown}: its columns are separated by {other!r}, not by {delimiter!r}. Run `journey init` on the "
                f"folder, or write `delimiter: {_in_yaml(other)}` for this table in mapping.yml."
            )
    return names


def _in_yaml(sign: str) -> str:
    """Return a separator quoted for mapping.yml: a tab needs double quotation marks."""
    return '"\\t"' if sign == "\t" else f"'{sign}'"


def _refuse_title(file: Path, unit: str, first: str, below: Sequence[Sequence[str]], header_row: int) -> None:
    """Refuse a file that has a title or a blank line where the header is expected, and name the line of the header."""
    for place, cells in enumerate(below, start=1):
        if sum(bool(cell.strip()) for cell in cells) > 1:
            number = header_row + place
            holds = f"holds the title {first!r}" if first else "is blank"
            raise InputError(
                f"{file}: its {unit} {header_row} {holds}; the header seems to be in {unit} {number}. "
                f"Write `header_row: {number}` for this table in mapping.yml, or run `journey init` on the folder."
            )


def as_text(column: Column) -> str:
    """Return the SQL that reads a column as text."""
    name = quoted_name(column.name)
    text = f"cast({name} as varchar)"
    if column.data_type == "VARCHAR":
        # a letter with accents may be one character or several: without NFC the same campaign would be two
        return f"nfc_normalize({text})"
    if column.data_type.startswith(("STRUCT", "MAP")):
        # nested values of Parquet are written as JSON, so that they read as in a JSON file
        return f"nfc_normalize(cast(to_json({name}) as varchar))"
    if column.data_type.startswith("DECIMAL"):
        # drop the zeros that only fill the scale: 450.000 could also be read as four hundred and fifty thousand
        return f"case when contains({text}, '.') then rtrim(rtrim({text}, '0'), '.') else {text} end"
    if column.data_type not in ("DOUBLE", "FLOAT"):
        return text
    # A tool exports a column of whole numbers as floats if one value is missing. Write 5.0 as 5, so that an order id
    # still matches its items. From 2^53 on floats are not exact, and are left as they are.
    return (
        f"case when abs({name}) < {2**53} and {name} = trunc({name})"
        f" then cast(cast({name} as bigint) as varchar) else {text} end"
    )


def read_as_text(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    how: Reading,
    into: str,
    *,
    number_repeated: bool = False,
    broken: list[BrokenLine] | None = None,
) -> list[str]:
    """Read a file into the temporary table `into`, its columns as text and `_row`; return the names of the columns.

    `_row` is the line of the file, or row of the sheet, less one: the first row below a header in line 1 is 1. Rows
    without any value are left out. Lines that cannot be split into columns are added to `broken` if that is given.

    Raises:
        InputError: the file cannot be read; the message names its real format if that is known.
    """
    with reading(file, how.header_row - 1):
        if file.stat().st_size == 0:
            raise InputError(f"{file}: {_EMPTY}")
        _refuse_another_kind(file)
        if is_json(file):
            return _read_json(connection, file, into, broken)
        with _as_utf8(file, how) as (source, delimiter):
            columns = columns_of(
                connection,
                source,
                Reading(delimiter=delimiter, header_row=how.header_row),
                original=file,
                number_repeated=number_repeated,
            )
            names = [column.name or f"nameless {number}" for number, column in enumerate(columns)]
            texts = [
                f"{as_text(Column(name, column.data_type))} as {quoted_name(name)}"
                for name, column in zip(names, columns, strict=True)
            ]
            blank = " and ".join(f"coalesce(trim(cast({quoted_name(name)} as varchar)), '') = ''" for name in names)

            def read(rows: str, source: Path) -> None:
                connection.execute(
                    f"create or replace temp table {into} as select * from (select {', '.join(texts)},"
                    f" row_number() over () + {how.header_row - 1} as _row from {rows}) where not ({blank})",
                    path_parameter([source]),
                )

            if broken is None or is_parquet(source):
                read(scan(source, columns, delimiter), source)
            else:
                try:
                    lines = read_over_broken_lines(connection, source, columns, delimiter, read)
                except duckdb.InvalidInputException as error:
                    if not confuses(error):
                        raise
                    lines = read_over_broken_lines(connection, source, columns, delimiter, read, is_confusing=True)
                broken += [line.below(how.header_row - 1) for line in lines]
            return names


@contextmanager
def _as_utf8(file: Path, how: Reading) -> Iterator[tuple[Path, str | None]]:
    """Yield a file that DuckDB can read, and its separator: the file itself, or a temporary copy in UTF-8."""
    if is_parquet(file):
        yield file, None
        return
    separator = "" if is_sheet(file) else _declared_separator(file)
    delimiter = how.delimiter or separator or delimiter_of(file)
    is_plain = not is_sheet(file) and how.header_row == 1 and (how.encoding or "utf-8").lower() in _UTF_8
    if is_plain and not separator:
        yield file, delimiter
        return
    with scratch_folder() as folder:
        copy = folder / "rows.csv"
        if is_sheet(file):
            with copy.open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream).writerows(_rows_of_sheet(file, how))
            yield copy, ","
            return
        _refuse_utf8_called_otherwise(file, how)
        try:
            with open_text(file) as binary, copy.open("w", encoding="utf-8", newline="") as stream:
                text = io.TextIOWrapper(binary, encoding=how.encoding or "utf-8-sig", newline="")
                for _ in range(how.header_row - 1 if how.header_row > 1 else len(separator)):
                    text.readline()
                while part := text.read(_TO_CONVERT):
                    stream.write(part.removeprefix("\ufeff"))
        except UnicodeError as error:
            if how.encoding is None:
                raise
            raise InputError(
                f"{file}: is not written in {how.encoding}, as mapping.yml says ({first_line(error)}). Correct "
                "`encoding` there; `journey init` proposes one."
            ) from error
        if not copy.stat().st_size and how.header_row > 1:
            raise _no_header_row(file, "line", how)
        yield copy, delimiter


def _no_header_row(file: Path, unit: str, how: Reading) -> InputError:
    return InputError(
        f"{file}: has no {unit} {how.header_row}, which mapping.yml gives as its header. Correct `header_row` there."
    )


def _refuse_utf8_called_otherwise(file: Path, how: Reading) -> None:
    """Refuse UTF-8 text for which the mapping names a single-byte encoding: each accented letter would become two."""
    if how.encoding is None or re.match("utf|ascii|us-ascii|iso-?2022|hz", how.encoding.lower()):
        return
    with open_text(file) as stream:
        sample = stream.read(_TO_CONVERT)
    try:
        # incremental: the sample may end within a character
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return
    if sum(character > "\x7f" for character in text) >= _SIGNS_OF_UTF_8:
        raise InputError(
            f"{file}: is written in UTF-8, not in {how.encoding}, as mapping.yml says. Remove `encoding` there."
        )


def is_utf_8(file: Path) -> bool:
    """Return whether a whole text file is valid UTF-8; text with letters in another encoding is not."""
    if is_sheet(file) or is_parquet(file):
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    with reading(file), open_text(file) as stream:
        try:
            while part := stream.read(_TO_CONVERT):
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _declared_separator(file: Path) -> str:
    """Return the separator that a first line such as `sep=;`, as Excel writes it, declares; empty if there is none."""
    with open_text(file) as stream:
        found = re.match(rb"^(?:\xef\xbb\xbf)?sep=(.)\r?\n", stream.read(12))
    return found[1].decode("latin-1") if found else ""


def _rows_of_sheet(file: Path, how: Reading) -> Iterator[list[str]]:
    import python_calamine

    try:
        book = _opened_book(file)
        names = book.sheet_names
        if how.sheet is not None and how.sheet not in names:
            raise InputError(
                f"{file}: has no sheet {how.sheet}, which mapping.yml names{did_you_mean(how.sheet, names)}"
            )
        sheet = book.get_sheet_by_name(how.sheet) if how.sheet else _only_sheet(file, book)
        rows = sheet.to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as a sheet ({first_line(error)}). Save it again.") from error
    if rows and len(rows) < how.header_row:
        raise _no_header_row(file, "row", how)
    texts = ([_text_of_cell(cell, how.decimal or ".") for cell in row] for row in rows[how.header_row - 1 :])
    top = list(itertools.islice(texts, 1 + _TITLE_LINES))
    if top and sum(bool(cell.strip()) for cell in top[0]) <= 1:
        _refuse_title(file, "row", " ".join(top[0]).strip(), top[1:], how.header_row)
    yield from itertools.chain(top, texts)


def _opened_book(file: Path) -> "python_calamine.CalamineWorkbook":
    """Open a workbook by its suffix, else by its content: some tools name a file .xls that is really .xlsx."""
    import python_calamine

    try:
        return python_calamine.CalamineWorkbook.from_path(file)
    except python_calamine.CalamineError:
        with file.open("rb") as stream:
            # the mark of a workbook with a password
            if "EncryptedPackage".encode("utf-16-le") in stream.read():
                raise InputError(
                    f"{file}: is protected by a password. Remove the password and save it again."
                ) from None
            stream.seek(0)
            try:
                return python_calamine.CalamineWorkbook.from_filelike(stream)
            except python_calamine.CalamineError:
                pass
        # for a damaged file, the error for its suffix says more
        raise


def _only_sheet(file: Path, book: "python_calamine.CalamineWorkbook") -> "python_calamine.CalamineSheet":
    filled = [name for name in book.sheet_names if book.get_sheet_by_name(name).to_python()]
    if len(filled) > 1:
        raise InputError(
            f"{file}: has the sheets {', '.join(filled)}. Choose one in mapping.yml, for example `sheet: {filled[0]}`."
        )
    if not filled:
        raise InputError(f"{file}: {_EMPTY}")
    return book.get_sheet_by_name(filled[0])


def _text_of_cell(cell: object, decimal: str) -> str:
    """Return the text of a cell: numbers with the file's decimal sign, dates in ISO form."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        # sheets store whole numbers as floats, with fifteen digits
        return str(int(cell)) if cell == int(cell) and abs(cell) < 1e15 else repr(cell).replace(".", decimal)
    if isinstance(cell, datetime):
        return cell.isoformat(" ") if cell.time() != time() else cell.date().isoformat()
    return str(cell)


# keys that an API puts beside the records in each page of its answer
_OF_A_PAGE = (
    *("_links", "code", "count", "cursor", "has_more", "hasmore", "limit", "links", "message", "meta", "next"),
    *("next_page", "object", "offset", "page", "pagesize", "paging", "previous", "removedids", "status", "success"),
    *("timestamp", "total", "total_count", "url"),
)


def records_in(found: object) -> list[dict[str, Any]]:
    """Return the records of parsed JSON without the pages of the API around them, as `_unwrap` does for a file."""
    if isinstance(found, list):
        return [record for part in found for record in records_in(part)]
    if not isinstance(found, dict):
        return []
    own = [name for name in found if name.lower() not in _OF_A_PAGE]
    wrapper = None
    if {"stream", "data", "emitted_at"} <= set(own):
        wrapper = "data"
    elif "_airbyte_data" in own:
        wrapper = "_airbyte_data"
    elif len(own) == 1 and (isinstance(found[own[0]], list) or (len(found) == 1 and isinstance(found[own[0]], dict))):
        wrapper = own[0]
    return [found] if wrapper is None else records_in(found[wrapper])


def _unwrap(connection: duckdb.DuckDBPyConnection, records: str) -> bool:
    """Replace each page in a table (record, number) by the records in it; return whether there was one.

    A page is `{"orders": [...]}`, also beside paging keys (`{"data": [...], "has_more": false}`), `{"order": {...}}`
    or a record of Airbyte (`{"stream": …, "data": {...}}`, `_airbyte_data`). Lists inside a record stay in it.
    """
    pointer = "'/' || replace(replace({key}, '~', '~0'), '/', '~1')"
    connection.execute(
        f"""
        create or replace temp table {records} as
        with keyed as (
            select
                *,
                list_filter(json_keys(record), lambda key: not list_contains({list(_OF_A_PAGE)!r}, lower(key))) as own
            from {records}
        ),
        named as (
            select
                *,
                case
                    when list_has_all(own, ['stream', 'data', 'emitted_at']) then 'data'
                    when list_contains(own, '_airbyte_data') then '_airbyte_data'
                    when len(own) = 1 and json_type(record, {pointer.format(key="own[1]")}) = 'ARRAY' then own[1]
                    when len(json_keys(record)) = 1 and json_type(record, {pointer.format(key="own[1]")}) = 'OBJECT'
                        then own[1]
                end as wrapper
            from keyed
        ),
        opened as (select *, record -> ({pointer.format(key="wrapper")}) as inside from named),
        placed as (
            select
                *,
                unnest(case when json_type(inside) = 'ARRAY' then range(json_array_length(inside)::bigint) else [0] end)
                    as place
            from opened
        )
        select
            case
                when wrapper is null then record
                when json_type(inside) = 'ARRAY' then inside -> place
                else inside
            end as record,
            row_number() over (order by number, place) as number,
            wrapper is not null as was_wrapped
        from placed
        """
    )
    row = connection.execute(f"select coalesce(bool_or(was_wrapped), false) from {records}").fetchone()
    return row is not None and bool(row[0])


def _read_json(
    connection: duckdb.DuckDBPyConnection, file: Path, into: str, broken: list[BrokenLine] | None = None
) -> list[str]:
    """Read JSON records: a list, one per line, a single one, or pages of an API or EL tool (`_unwrap`).

    With `broken`, lines that are no JSON and records that are no objects are added to it.
    """
    records = f"{into}_records"
    try:
        _read_records(connection, file, records)
    except duckdb.InvalidInputException as error:
        if broken is None:
            raise
        with scratch_folder() as folder:
            copy = folder / "records.ndjson"
            try:
                copy_of_json(file, copy)
            except ValueError:
                raise error from None
            _read_records(connection, copy, records)
    while _unwrap(connection, records):
        pass
    strange = connection.execute(
        f"select number, coalesce(record ->> '/{MARK}', record::varchar) from {records}"
        f" where json_type(record) <> 'OBJECT' or json_type(record, '/{MARK}') is not null order by number"
    ).fetchall()
    row = connection.execute(f"select count(*) from {records}").fetchone()
    if strange and (broken is None or row == (len(strange),)):
        raise InputError(
            f'{file}: record {strange[0][0]} is not an object of the form {{"column": value}}. Export objects, or CSV.'
        )
    if broken is not None:
        broken += [BrokenLine(number, number, text) for number, text in strange]
        connection.executemany(f"delete from {records} where number = ?", [[number] for number, _ in strange] or [[-1]])
    keys = connection.execute(
        f"select distinct unnest(json_keys(record)) as name from {records} order by name"
    ).fetchall()
    # names that differ only in case are one column, as in a table of DuckDB
    names: dict[str, list[str]] = {}
    for (key,) in keys:
        names.setdefault(key.lower(), []).insert(0, key)
    texts = [
        f"nfc_normalize(coalesce({', '.join(_value_of(key) for key in spellings)})) as {quoted_name(spellings[0])}"
        for spellings in names.values()
        if spellings[0]
    ]
    connection.execute(
        f"create or replace temp table {into} as select {', '.join([*texts, 'number as _row'])} from {records}"
    )
    connection.execute(f"drop table {records}")
    return [spellings[0] for spellings in names.values() if spellings[0]]


def _read_records(connection: duckdb.DuckDBPyConnection, file: Path, into: str) -> None:
    compression = "gzip" if is_compressed(file) else "none"
    connection.execute(
        f"create or replace temp table {into} as select json as record, row_number() over () as number"
        f" from read_json_objects($files, format = 'auto', compression = '{compression}',"
        f" maximum_object_size = {LONGEST_ROW})",
        path_parameter([file]),
    )


def _value_of(key: str) -> str:
    # a JSON pointer: a path would end at a quotation mark in the key
    pointer = key.replace("~", "~0").replace("/", "~1")
    return f"record ->> '/{quoted(pointer)}'"
