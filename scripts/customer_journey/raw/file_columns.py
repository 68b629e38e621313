"""The columns of files: their names, and the SQL that reads them as text."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from customer_journey.errors import InputError
from customer_journey.raw.broken_files import LONGEST_ROW
from customer_journey.raw.raw_files import delimiter_of, is_compressed, is_parquet
from customer_journey.warehouse import quoted, quoted_name

READ_AT_ONCE = 2 * LONGEST_ROW
# Exports of tools have some hundreds. Each column of a table takes DuckDB a fraction of a megabyte.
MOST_COLUMNS = 2_000
# Temporary tables of DuckDB that list the lines it could not read.
REJECTED = "rejected_lines"
REJECTED_SCANS = "rejected_scans"
# what DuckDB takes for a pattern in a path
_WILDCARD = re.compile(r"([*?\[])")
# Characters that no text keeps when it lands: breaks become a blank, unseen ones go. PostgreSQL refuses NUL, a terminal
# obeys ESC, and texts that look equal would be two. Not the joiners of Persian and of emoji, which are letters there.
_BREAKS_WITHIN_LINES = "\\t\\x0b-\\r\\x85\u2028\u2029"
_BREAKS = f"\\n{_BREAKS_WITHIN_LINES}"
_UNSEEN = (
    "\\x00-\\x08\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f"
    "\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
)


class Column(NamedTuple):
    """One column of a file or of an EL tool's table, with the name and type that it has there."""

    name: str
    data_type: str


def scan(file: Path, columns: Sequence[Column], delimiter: str | None = None, *, skips: bool = False) -> str:
    """Return the SQL table function that reads such a file; the paths are passed as the parameter `$files`.

    With `skips`, lines of text that cannot be read are left out, and the table REJECTED tells of it.
    """
    # hive_partitioning: a folder named `contact_id=1` must not become a column
    if is_parquet(file):
        return "read_parquet($files, hive_partitioning = false)"
    # no auto-detection: DuckDB would skip lines until the rest looks regular
    names = [column.name or f"nameless {number}" for number, column in enumerate(columns)]
    types = ", ".join(f"'{quoted(name)}': 'varchar'" for name in names)
    compression = "gzip" if is_compressed(file) else "none"
    rejects = f"rejects_table = '{REJECTED}', rejects_scan = '{REJECTED_SCANS}'"
    return (
        f"read_csv($files, auto_detect = false, header = true, delim = '{quoted(delimiter or delimiter_of(file))}',"
        " quote = '\"', escape = '\"',"
        f" strict_mode = true, encoding = 'utf-8', max_line_size = {LONGEST_ROW}, buffer_size = {READ_AT_ONCE},"
        f" hive_partitioning = false, compression = '{compression}', columns = {{{types}}}"
        + (f", store_rejects = true, rejects_limit = 1, {rejects})" if skips else ")")
    )


def nameless(number: int) -> str:
    """Return the name that reading gives to a column without one."""
    return f"nameless {number}"


def is_nameless(name: str) -> bool:
    """Return whether reading gave this name to a column without one."""
    return re.fullmatch(r"nameless \d+", name) is not None


def path_parameter(files: Sequence[Path]) -> dict[str, list[str]]:
    """Return the parameter `$files`, with the wildcard characters of the paths escaped.

    Raises:
        InputError: a file beside a name with a wildcard has a backslash in its name, at which DuckDB stops.
    """
    for file in files:
        for part in (file, *file.parents) if _WILDCARD.search(str(file)) else ():
            beside = sorted(part.parent.iterdir()) if _WILDCARD.search(part.name) else ()
            if wrong := next((one for one in beside if "\\" in one.name), None):
                raise InputError(
                    f"{wrong}: has a backslash in its name, so that {part.name} beside it cannot be read. Rename it."
                )
    return {"files": [_WILDCARD.sub(r"[\1]", str(file)) for file in files]}


def with_numbers(columns: Sequence[Column]) -> list[Column]:
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


def refuse_too_many(file: Path, count: int, what: str = "columns") -> None:
    """Refuse a file of more columns than a table has; to read them would take all memory.

    Raises:
        InputError: there are more than MOST_COLUMNS.
    """
    if count > MOST_COLUMNS:
        raise InputError(
            f"{file}: has {count:,} {what}, but at most {MOST_COLUMNS:,} are read. Export it with one row for each "
            "record and only the columns that you need."
        )


def refuse_repeated(file: Path, columns: Sequence[Column]) -> None:
    """Refuse a file that names a column twice."""
    # DuckDB treats names that differ only in case as equal
    counts = Counter(column.name.lower() for column in columns)
    repeated = sorted({column.name for column in columns if column.name and counts[column.name.lower()] > 1})
    if repeated:
        spelled = sorted({column.name for column in columns if column.name.lower() == repeated[0].lower()})
        same = f" ({' and '.join(map(repr, spelled))} are the same name)" if len(spelled) > 1 else ""
        raise InputError(
            f"{file}: the header names the column {repeated[0]!r} twice{same}. Rename or remove one of them."
        )


def readable(text: str, *, keeps_lines: bool = False) -> str:
    """Return the SQL of a text as it lands: in NFC, each line break or tab a blank, and without control characters.

    With `keeps_lines` the lines stay apart, for adapters that read a cell line by line. What they make of it lands
    without line breaks.
    """
    breaks = _BREAKS_WITHIN_LINES if keeps_lines else _BREAKS
    # a letter with accents may be one character or several: without NFC the same campaign would be two
    cleaned = f"regexp_replace(regexp_replace({text}, '[{breaks}]+', ' ', 'g'), '[{_UNSEEN}]', '', 'g')"
    return f"nfc_normalize(case when {is_odd(text)} then {cleaned} else {text} end)"


def is_odd(text: str) -> str:
    """Return the SQL condition that a text holds a line break, a tab or a control character."""
    return f"regexp_matches({text}, '[{_BREAKS}{_UNSEEN}]')"


def as_text(column: Column, *, keeps_lines: bool = False) -> str:
    """Return the SQL that reads a column as text; see `readable`."""
    name = quoted_name(column.name)
    text = f"cast({name} as varchar)"
    if column.data_type == "VARCHAR":
        return readable(text, keeps_lines=keeps_lines)
    if column.data_type.startswith(("STRUCT", "MAP")):
        # nested values of Parquet are written as JSON, so that they read as in a JSON file
        return readable(f"cast(to_json({name}) as varchar)")
    if column.data_type.endswith("]") or column.data_type.startswith(("ENUM", "UNION")):
        return readable(text)
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
