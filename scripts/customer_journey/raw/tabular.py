"""Reading of data files as text columns: CSV of any separator and encoding, Parquet, sheets, JSON.

Sheets and text in other encodings are first rewritten as UTF-8 CSV, so that one reader serves all text.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb

from customer_journey.errors import InputError, first_line
from customer_journey.raw.broken_files import EMPTY, LONGEST_ROW, TO_CONVERT, reading, refuse_another_kind
from customer_journey.raw.broken_lines import (
    KEEP_STRAYS,
    BrokenLine,
    copy_without,
    count_strays,
    has_endless_line,
    refuse_broken_throughout,
    with_equal_strays,
)
from customer_journey.raw.file_columns import (
    REJECTED,
    REJECTED_SCANS,
    Column,
    as_text,
    is_nameless,
    path_parameter,
    refuse_repeated,
    refuse_too_many,
    scan,
    with_numbers,
)
from customer_journey.raw.json_records import read_json
from customer_journey.raw.mapping import Reading
from customer_journey.raw.raw_files import (
    delimiter_of,
    is_json,
    is_parquet,
    is_sheet,
    open_text,
)
from customer_journey.raw.sheets import TITLE_LINES, names_below, no_header_row, refuse_title, rows_of_sheet
from customer_journey.scratch import scratch_folder
from customer_journey.warehouse import quoted_name

_UTF_8 = ("utf-8", "utf_8", "utf8", "utf-8-sig", "utf_8_sig", "ascii", "us-ascii")
# a header of more lines has a quotation mark that is not closed
_LINES_OF_HEADER = 100
# With fewer non-ASCII letters than this, a text may be valid UTF-8 by chance.
_SIGNS_OF_UTF_8 = 4


def columns_of(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    how: Reading | None = None,
    *,
    original: Path | None = None,
    number_repeated: bool = False,
) -> list[Column]:
    """Return the columns of a Parquet or UTF-8 text file; `original` is the file of the user if this one is a copy.

    With `number_repeated`, a repeated column name gets a number (`with_numbers`) instead of being refused.

    Raises:
        InputError: the file is empty, names a column twice, or cannot be read.
    """
    how, shown = how or Reading(), original or file
    # opened here first, because DuckDB does not say why it cannot open a file
    with file.open("rb") as stream:
        is_empty = not stream.read(1)
    if is_empty:
        raise InputError(f"{shown}: {EMPTY}")
    if original is None:
        refuse_another_kind(file)
    if not is_parquet(file):
        columns = [Column(name, "VARCHAR") for name in _header_of(file, how, shown)]
    else:
        rows = connection.execute(
            "describe select * from read_parquet($files, hive_partitioning = false)", path_parameter([file])
        ).fetchall()
        columns = [Column(row[0], row[1]) for row in rows]
    refuse_too_many(shown, len(columns))
    if number_repeated:
        return with_numbers(columns)
    refuse_repeated(shown, columns)
    return columns


def _header_of(file: Path, how: Reading, shown: Path) -> list[str]:
    """Return the column names in the first line of the file, which is line `how.header_row` of the file `shown`."""
    delimiter = how.delimiter or delimiter_of(file)
    with open_text(file) as stream:
        first = stream.readline(LONGEST_ROW)
        if first.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in first:
            raise InputError(
                f"{shown}: cannot be read as UTF-8 CSV (NUL in its header, as in UTF-16). Save it as UTF-8, or run "
                "`journey init` on the folder, which writes a mapping.yml with its encoding."
            )
        line = first.decode("utf-8-sig").lstrip("\ufeff")
        for _ in range(_LINES_OF_HEADER):
            # a name may hold a line break
            if not line.count('"') % 2 or not (more := stream.readline(LONGEST_ROW)):
                break
            line += more.decode("utf-8")
        below = [stream.readline(LONGEST_ROW).decode("utf-8", errors="replace") for _ in range(TITLE_LINES)]
    if separator := re.match(r"sep=(.)\r?\n", line):
        raise InputError(
            f"{shown}: its columns are separated by {separator[1]!r}, as its first line says. Write"
            f" `delimiter: {_in_yaml(separator[1])}` for this table in mapping.yml, or run `journey init` on the"
            " folder."
        )
    if returned := re.search(r"\r(?!\n|$)", line):
        raise InputError(
            f"{shown}: line {line[: returned.start()].count(chr(10)) + how.header_row} ends with a carriage return "
            "alone, as in CSV (Macintosh). Save it again as CSV UTF-8."
        )
    if line.count('"') % 2 and not _fields_of(line, delimiter, strict=True):
        raise InputError(
            f"{shown}: its header holds a quotation mark that is not closed. Correct the header, or export it again."
        )
    names = [name.strip() for name in _fields_of(line, delimiter)]
    if len(names) > 1 and all(re.fullmatch("'.*'", name) for name in names):
        raise InputError(
            f"{shown}: its texts stand between single quotation marks, which would become part of them. Export it with "
            "double ones, or none."
        )
    if not any(names) and not any(text.strip() for text in below):
        raise InputError(f"{shown}: {EMPTY}")
    signs = [how.delimiter] if how.delimiter else [*";\t|,"]
    fields = [_fields_of(line, sign) for sign in signs]
    if max(sum(bool(name.strip()) for name in names_by_sign) for names_by_sign in fields) <= 1:
        rows = [max((_fields_of(text, sign) for sign in signs), key=len) for text in below]
        refuse_title(shown, "line", line.strip().strip("".join(signs)), rows, how.header_row)
    if len(names) == 1 and how.delimiter is None:
        other = max(";\t|,", key=names[0].count)
        if names[0].count(other):
            raise InputError(
                f"{shown}: its columns are separated by {other!r}, not by {delimiter!r}. Run `journey init` on the "
                f"folder, or write `delimiter: {_in_yaml(other)}` for this table in mapping.yml."
            )
    return names


def _fields_of(text: str, delimiter: str, *, strict: bool = False) -> list[str]:
    """Return the fields of the first record of a text; with `strict`, none if its quotation marks are not balanced."""
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict), [])
    except csv.Error:
        return []


def _in_yaml(sign: str) -> str:
    """Return a separator quoted for mapping.yml: a tab needs double quotation marks."""
    return '"\\t"' if sign == "\t" else f"'{sign}'"


def read_as_text(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    how: Reading,
    into: str,
    *,
    number_repeated: bool = False,
    keeps_lines: bool = False,
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
            raise InputError(f"{file}: {EMPTY}")
        refuse_another_kind(file)
        if is_json(file):
            with _json_in_utf8(file, how) as source:
                return read_json(connection, source, into, file, broken, keeps_lines=keeps_lines)
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
                f"{as_text(Column(name, column.data_type), keeps_lines=keeps_lines)} as {quoted_name(name)}"
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
                over_broken_lines = partial(
                    read_over_broken_lines, connection, source, columns, delimiter, read, is_sure=not _is_utf_8(how)
                )
                try:
                    lines = over_broken_lines()
                except duckdb.InvalidInputException as error:
                    if not confuses(error):
                        raise
                    lines = over_broken_lines(is_confusing=True)
                broken += [line.below(how.header_row - 1) for line in lines]
            return names


def read_over_broken_lines(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    columns: Sequence[Column],
    delimiter: str | None,
    read: Callable[[str, Path], object],
    is_confusing: bool = False,
    is_sure: bool = False,
) -> list[BrokenLine]:
    """Read a file, or if lines of it are broken a copy without these; return the broken lines.

    `read` gets the table function and the file that it is to read, and replaces what it read before. A file that
    `confuses` DuckDB is read from a copy at once. `is_sure`: the mapping names its encoding, see `copy_without`.

    Raises:
        duckdb.Error: the file is not UTF-8, or confuses DuckDB.
    """
    if not is_confusing and not has_endless_line(file):
        refuse_broken_throughout(file, delimiter or delimiter_of(file))
        read(scan(file, columns, delimiter, skips=True), file)
        if not _has_skipped(connection):
            return []
    with scratch_folder() as folder:
        copy = folder / "rows.csv"
        broken = copy_without(file, copy, delimiter or delimiter_of(file), LONGEST_ROW, is_sure)
        if _is_file_at_fault(broken, columns):
            read(scan(file, columns, delimiter), file)
        read(scan(copy, columns, delimiter or delimiter_of(file)), copy)
    return broken


def _is_file_at_fault(broken: Sequence[BrokenLine], columns: Sequence[Column]) -> bool:
    """Return whether broken lines tell of a fault of the whole file: a conflict of git, or one name too many."""
    has_conflict = any(line.text.startswith(("<<<<<<< ", ">>>>>>> ")) for line in broken)
    has_one_name_more = not columns[-1].name or is_nameless(columns[-1].name)
    return has_conflict or (has_one_name_more and any(line.row == 1 for line in broken))


def confuses(error: duckdb.Error) -> bool:
    """Return whether DuckDB gave a text file up without naming a line, as it does at line ends of two kinds."""
    return "reached an invalid state" in str(error)


def _has_skipped(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the last reading skipped lines."""
    if not connection.execute("select 1 from duckdb_tables() where table_name = ?", [REJECTED]).fetchone():
        return False
    found = connection.execute(f"select 1 from {REJECTED} limit 1").fetchone()
    for table in (REJECTED, REJECTED_SCANS):
        connection.execute(f"drop table {table}")
    return found is not None


@contextmanager
def _as_utf8(file: Path, how: Reading) -> Iterator[tuple[Path, str | None]]:
    """Yield a file that DuckDB can read, and its separator: the file itself, or a temporary copy in UTF-8."""
    if is_parquet(file):
        yield file, None
        return
    separator = "" if is_sheet(file) else _declared_separator(file)
    delimiter = how.delimiter or separator or delimiter_of(file)
    is_plain = not is_sheet(file) and how.header_row == 1 and _is_utf_8(how)
    if is_plain and not separator:
        yield file, delimiter
        return
    with scratch_folder() as folder:
        copy = folder / "rows.csv"
        if is_sheet(file):
            with copy.open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream).writerows(rows_of_sheet(file, how))
            yield copy, ","
            return
        _refuse_utf8_called_otherwise(file, how)
        with _in_its_encoding(file, how):
            _copy_as_utf8(file, copy, how, len(separator), delimiter)
            if not copy.stat().st_size and how.header_row > 1:
                raise no_header_row(file, "line", how)
            yield copy, delimiter


def _copy_as_utf8(file: Path, copy: Path, how: Reading, skipped: int, delimiter: str = ",") -> None:
    """Copy a text file as UTF-8 without the lines above its header, or without the first `skipped`.

    A byte that its encoding does not define becomes one that UTF-8 does not define either, so that the reader of broken
    lines finds it. UTF-16 and UTF-32 are read strictly: after such a byte nothing would be read right.
    """
    encoding = how.encoding or "utf-8-sig"
    errors = "strict" if re.match("utf.?(16|32|7)", encoding.lower()) else KEEP_STRAYS
    with open_text(file) as binary, copy.open("w", encoding="utf-8", errors=KEEP_STRAYS, newline="") as stream:
        text = io.TextIOWrapper(binary, encoding=encoding, errors=errors, newline="")
        above = ""
        for _ in range(how.header_row - 1 if how.header_row > 1 else skipped):
            above = text.readline()
        if how.header_row > 1:
            stream.write(_header_below(above, text.readline(), delimiter))
        while part := text.read(TO_CONVERT):
            stream.write(with_equal_strays(part.removeprefix("\ufeff")))


@contextmanager
def _in_its_encoding(file: Path, how: Reading) -> Iterator[None]:
    """Refuse a file that is not written in the encoding that the mapping names."""
    try:
        yield
    except UnicodeError as error:
        if how.encoding is None:
            raise
        if "truncated data" in str(error) or "unexpected end" in str(error):
            raise InputError(
                f"{file}: ends in the middle of a character, so it was probably cut off while it was copied. Export it "
                "again."
            ) from error
        raise InputError(
            f"{file}: is not written in {how.encoding}, as mapping.yml says ({first_line(error)}). Correct "
            "`encoding` there; `journey init` proposes one."
        ) from error


def _header_below(above: str, header: str, delimiter: str) -> str:
    """Return the line of the header, its blank names filled from the line above it (`names_below`)."""
    names = next(csv.reader([header], delimiter=delimiter), [])
    full = names_below(next(csv.reader([above.strip("\ufeff\r\n")], delimiter=delimiter), []), names)
    if full == names or header.count('"') % 2:
        return header
    line = io.StringIO()
    end = "\r\n" if header.endswith("\r\n") else "\n"
    csv.writer(line, delimiter=delimiter, lineterminator=end).writerow(full)
    return line.getvalue()


def _refuse_utf8_called_otherwise(file: Path, how: Reading) -> None:
    """Refuse UTF-8 text for which the mapping names a single-byte encoding: each accented letter would become two."""
    if how.encoding is None or re.match("utf|ascii|us-ascii|iso-?2022|hz", how.encoding.lower()):
        return
    with open_text(file) as stream:
        sample = stream.read(TO_CONVERT)
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
    """Return whether a whole text file is UTF-8, apart from a few stray bytes; text in another encoding is not."""
    if is_sheet(file) or is_parquet(file):
        return False
    decoder = codecs.getincrementaldecoder("utf-8")(KEEP_STRAYS)
    strays, others = 0, 0
    with reading(file), open_text(file) as stream:
        is_last = False
        while not is_last:
            part = stream.read(TO_CONVERT)
            is_last = not part
            in_part = count_strays(decoder.decode(part, final=is_last))
            strays, others = strays + in_part[0], others + in_part[1]
    return strays == 0 or strays < others


def _is_utf_8(how: Reading) -> bool:
    return (how.encoding or "utf-8").lower() in _UTF_8


def _declared_separator(file: Path) -> str:
    """Return the separator that a first line such as `sep=;`, as Excel writes it, declares; empty if there is none."""
    with open_text(file) as stream:
        found = re.match(rb"^(?:\xef\xbb\xbf)?sep=(.)\r?\n", stream.read(12))
    return found[1].decode("latin-1") if found else ""


@contextmanager
def _json_in_utf8(file: Path, how: Reading) -> Iterator[Path]:
    """Yield a JSON file that DuckDB can read: the file itself, or a copy in UTF-8 without a byte order mark."""
    with open_text(file) as stream:
        has_mark = stream.read(3) == codecs.BOM_UTF8
    if _is_utf_8(how) and not has_mark:
        yield file
        return
    with scratch_folder() as folder:
        copy = folder / "records.json"
        with _in_its_encoding(file, how):
            _copy_as_utf8(file, copy, how, 0)
            yield copy
