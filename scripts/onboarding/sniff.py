"""Detects the format of a file: its encoding, its delimiter, the header line, and a sample of its rows.

Each proposal states its evidence and how much of the file was examined, so that no guess is hidden from the user.
"""

import csv
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import python_calamine
from customer_journey.errors import InputError, first_line
from customer_journey.raw.broken_files import refuse_another_kind
from customer_journey.raw.file_columns import refuse_too_many
from customer_journey.raw.json_records import records_in
from customer_journey.raw.notation import PADDING
from customer_journey.raw.raw_files import delimiter_of, is_json, is_parquet, is_sheet, open_text
from customer_journey.raw.sheets import names_below, refuse_vast, with_merged_cells

from onboarding.encodings import encoding_of
from onboarding.findings import Finding
from onboarding.values import looks_like_a_value

# Proposals are based on this much of a file; `journey check` reads the rest.
MOST_BYTES = 32 * 2**20
MOST_ROWS = 100_000
# What a cell holds shows in its beginning; to search megabytes for dates and amounts takes minutes.
LONGEST_CELL = 10_000
DELIMITERS = (",", ";", "\t", "|", "^", "~")
# The rows that decide the delimiter, and among which the header is searched.
_ROWS_FOR_DELIMITER = 200
_DEEPEST_HEADER = 20
# a field may be very long, for example an image encoded as text
csv.field_size_limit(2**31 - 1)


@dataclass
class Sheet:
    """A table in a file: a text file, a sheet of a workbook, or the records of a JSON file.

    `rows` is the sample, each row as long as `columns`; `row_count` is the number of examined rows. `problem` says why
    the table cannot be used, as a sentence with the remedy.
    """

    path: Path
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    # whether the sample holds all rows
    is_whole: bool = True
    encoding: Finding | None = None
    delimiter: Finding | None = None
    # the sheet's name, in a workbook with several sheets
    sheet: str | None = None
    header_row: int = 1
    # the title above the header
    title: str | None = None
    notes: list[str] = field(default_factory=list)
    problem: str | None = None

    @property
    def row_count(self) -> int:
        """The number of examined rows."""
        return len(self.rows)

    def values(self, column: int) -> list[str]:
        """Return the texts of a column that are not blank, in the sample."""
        texts = (row[column].strip(PADDING) for row in self.rows)
        return [text for text in texts if text]


def sniff(file: Path) -> list[Sheet]:
    """Return the tables in a file; a table with a `problem` if the file cannot be read."""
    try:
        if file.stat().st_size == 0:
            return [Sheet(file, problem="is empty, without even the names of columns: export it again")]
        refuse_another_kind(file)
        if is_sheet(file):
            return _workbook(file)
        if is_json(file):
            return [_records(file)]
        if is_parquet(file):
            return [_parquet(file)]
        return [_text(file)]
    except InputError as error:
        return [Sheet(file, problem=str(error).removeprefix(f"{file}: ").removesuffix("."))]
    except RecursionError:
        return [Sheet(file, problem="its values are nested too deeply: export a list of records, or CSV")]
    except (OSError, EOFError, zlib.error, duckdb.Error, python_calamine.CalamineError, ValueError) as error:
        return [Sheet(file, problem=f"cannot be read ({first_line(error)}): export it again")]


def _bytes(file: Path) -> tuple[bytes, bool]:
    """Return the first bytes of a file, decompressed, and whether they are the whole file."""
    with open_text(file) as stream:
        found = stream.read(MOST_BYTES + 1)
    return found[:MOST_BYTES], len(found) <= MOST_BYTES


def _text(file: Path) -> Sheet:
    content, is_whole = _bytes(file)
    encoding = encoding_of(content, is_whole)
    text = content.decode(encoding.value, errors="replace")
    if not is_whole:
        # drop the last line, which is incomplete
        text = text[: text.rfind("\n") + 1]
    sheet = Sheet(file, encoding=encoding, is_whole=is_whole)
    text = text.removeprefix("\ufeff")
    if "\0" in text[:10_000]:
        sheet.problem = "holds NUL bytes and is no text: export it again as CSV"
        return sheet
    first, _, rest = text.partition("\n")
    told = first.strip().lower()
    skipped = 0
    if told.startswith("sep=") and len(told) == 5:
        # `sep=` is a line that tells Excel the delimiter
        sheet.delimiter, text, skipped = Finding(told[4], True, "the line sep= says so"), rest, 1
    else:
        sheet.delimiter = _delimiter(text, delimiter_of(file))
    numbered = list(_records_of(text, sheet.delimiter.value))
    if len(numbered) > MOST_ROWS:
        numbered, sheet.is_whole = numbered[:MOST_ROWS], False
    _take(sheet, [(line + skipped, row) for line, row in numbered])
    return sheet


def _records_of(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that are not blank, each with its first line number."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # a lone carriage return is an error of the parser: skip it and continue
            line = reader.line_num + 1
            continue
        if any(cell.strip() for cell in row):
            yield line, row
        line = reader.line_num + 1


def _delimiter(text: str, by_suffix: str) -> Finding:
    """Propose the delimiter that splits most rows into the same number of fields, at least two."""
    head = text[: 256 * 1024]
    best, best_score = None, (0.0, 0)
    for delimiter in DELIMITERS:
        rows = []
        for _, row in _records_of(head, delimiter):
            rows.append(len(row))
            if len(rows) == _ROWS_FOR_DELIMITER:
                break
        # title and total rows are shorter: choose the widest of the common widths
        widths = Counter(width for width in rows if width > 1)
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1] * min(item[0], 4), item[0]))
        score = (round(count / len(rows), 3) * min(width, 4), width)
        if score > best_score:
            best, best_score = delimiter, score
    if best is None:
        return Finding(by_suffix, False, "no separator was seen: the rows have one field")
    return Finding(best, True, f"rows fall into {best_score[1]} fields by it")


def _take(sheet: Sheet, numbered: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Split records into header and rows, and note irregularities of both."""
    if not numbered:
        sheet.problem = "holds blank lines alone: export it again"
        return
    widths = Counter(_width(row) for _, row in numbered[:_ROWS_FOR_DELIMITER])
    width = max(widths.items(), key=lambda item: (item[1] * min(item[0], 3), item[0]))[0]
    refuse_too_many(sheet.path, width)
    place = _header_place([row for _, row in numbered[:_DEEPEST_HEADER]], width)
    if place is None:
        sheet.problem = (
            f"line {numbered[0][0]} holds values where the names of columns should stand: "
            "put a line of names on top, or export it with its header"
        )
        sheet.columns = [f"column {number + 1}" for number in range(width)]
        sheet.rows = [_padded(row, width) for _, row in numbered]
        return
    line, header = numbered[place]
    sheet.header_row = line
    if place:
        sheet.title = " ".join(cell.strip() for cell in numbered[place - 1][1] if cell.strip())
        sheet.notes.append(f"{line - 1} lines stand above the names of columns")
        if numbered[place - 1][0] == line - 1:
            header = names_below(numbered[place - 1][1], header)
    # drop blank columns at the end of a sheet
    while len(header) > 1 and not header[-1].strip():
        header = header[:-1]
    sheet.columns = [cell.strip() for cell in header]
    rows = numbered[place + 1 :]
    sheet.rows = [_padded(row, len(header)) for _, row in rows]
    _note_odd_rows(sheet, rows)


def _note_odd_rows(sheet: Sheet, rows: Sequence[tuple[int, Sequence[str]]]) -> None:
    names = Counter(name.lower() for name in sheet.columns if name)
    if repeated := sorted(name for name, count in names.items() if count > 1):
        sheet.problem = f"names the column {repeated[0]!r} {names[repeated[0]]} times: rename one of them in the file"
    nameless = sum(not name for name in sheet.columns)
    if nameless:
        sheet.notes.append(f"{nameless} columns have no name and are not read")
    longer = [line for line, row in rows if _width(row) > len(sheet.columns)]
    if longer:
        sheet.notes.append(f"{len(longer):,} rows have more fields than names, first in line {longer[0]}")
    if not rows and sheet.problem is None:
        sheet.notes.append("there are names of columns and no row")


def _width(row: Sequence[str]) -> int:
    """Return the number of fields of a row up to the last that is not blank."""
    return max((number + 1 for number, cell in enumerate(row) if cell.strip()), default=0)


def _padded(row: Sequence[str], width: int) -> list[str]:
    return [*(cell[:LONGEST_CELL] for cell in row[:width]), *[""] * (width - len(row))]


def _header_place(rows: Sequence[Sequence[str]], width: int) -> int | None:
    """Return the position of the header: the first row that is nearly as wide as the others and has only names."""
    for place, row in enumerate(rows):
        filled = [cell.strip() for cell in row if cell.strip()]
        # require more than half of the width: a title row may also have a date or period in another field
        if len(filled) < max(1, 0.6 * width) or (width > 1 and len(filled) == 1):
            continue
        if any(looks_like_a_value(cell) for cell in filled):
            return None
        is_group = _completes(row, *rows[place + 1 : place + 2]) or _stands_above(row, *rows[place + 1 : place + 3])
        return place + 1 if is_group else place
    return None


def _stands_above(upper: Sequence[str], lower: Sequence[str] = (), first: Sequence[str] = ()) -> bool:
    """Return whether a row names groups of columns: the row below has more names, and values stand below that."""
    filled = [cell for cell in upper if cell.strip()]
    names = [cell for cell in lower if cell.strip()]
    values = sum(map(looks_like_a_value, first))
    return len(names) > len(filled) and values > 1 and not any(map(looks_like_a_value, names))


def _completes(upper: Sequence[str], lower: Sequence[str] = ()) -> bool:
    """Return whether the row below a header is its second row: only names, in the columns where the first has none."""
    width = max(_width(upper), _width(lower))
    pairs = list(zip(_padded(upper, width), _padded(lower, width), strict=True))
    blank_above = [below for above, below in pairs if not above.strip()]
    has_blank_below = any(not below.strip() for above, below in pairs if above.strip())
    has_values = any(looks_like_a_value(below) for _, below in pairs if below.strip())
    return bool(blank_above) and all(map(str.strip, blank_above)) and has_blank_below and not has_values


def _workbook(file: Path) -> list[Sheet]:
    refuse_vast(file)
    workbook = python_calamine.load_workbook(file)
    visible = [
        found.name
        for found in workbook.sheets_metadata
        if found.visible == python_calamine.SheetVisibleEnum.Visible
        and found.typ == python_calamine.SheetTypeEnum.WorkSheet
    ]
    sheets = []
    for name in visible:
        found = workbook.get_sheet_by_name(name)
        # keep blank rows at the top, which calamine would skip, so that row numbers are those of the sheet
        rows = found.to_python(skip_empty_area=False, nrows=MOST_ROWS + _DEEPEST_HEADER)
        sheet = _sheet(file, name, rows, found.total_height)
        if sheet is not None and found.merged_cell_ranges:
            sheet = _sheet(file, name, with_merged_cells(found, rows, sheet.header_row), found.total_height)
        sheets += [sheet] if sheet is not None else []
    if len(sheets) == 1 and len(workbook.sheet_names) == 1:
        sheets[0].sheet = None
    return sheets or [Sheet(file, problem="holds no rows in any sheet: export it again")]


def _sheet(file: Path, name: str, rows: Sequence[Sequence[object]], height: int) -> Sheet | None:
    """Return a sheet of a workbook; None if it holds nothing."""
    numbered = [(number, [_cell(cell) for cell in row]) for number, row in enumerate(rows, 1)]
    numbered = [(number, row) for number, row in numbered if any(cell.strip() for cell in row)]
    sheet = Sheet(file, sheet=name, is_whole=height <= MOST_ROWS)
    if not numbered:
        return None
    _take(sheet, numbered)
    return sheet


def _cell(value: object) -> str:
    """Return a cell of a workbook as text: dates in ISO format, whole numbers without a decimal point."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def _records(file: Path) -> Sheet:
    content, is_whole = _bytes(file)
    encoding = encoding_of(content, is_whole)
    text = content.decode(encoding.value, errors="replace").removeprefix("\ufeff")
    # UTF-8 is the standard encoding of JSON, so it needs no mention
    sheet = Sheet(file, is_whole=is_whole, encoding=None if encoding.value == "utf-8" else encoding)
    records = _json_records(text, is_whole)
    if not any(records):
        sheet.problem = "holds no records: export it when there are some, as a list of objects or one object a line"
        return sheet
    if len(records) > MOST_ROWS:
        records, sheet.is_whole = records[:MOST_ROWS], False
    sheet.columns = list(dict.fromkeys(name for record in records for name in record))
    refuse_too_many(file, len(sheet.columns), "different keys")
    sheet.rows = [[_json_text(record.get(name))[:LONGEST_CELL] for name in sheet.columns] for record in records]
    return sheet


def _json_records(text: str, is_whole: bool) -> list[dict[str, Any]]:
    """Return the records of a JSON text: a list, a single object, one object per line, or pages of an API."""
    found: Any
    if is_whole:
        try:
            found = json.loads(text, parse_float=str)
        except json.JSONDecodeError:
            found = _json_lines(text.splitlines())
    elif text.lstrip().startswith("{") and text.count("\n") > 1 and text.lstrip().partition("\n")[0].endswith("}"):
        found = _json_lines(text.splitlines()[:-1])
    else:
        found = _json_beginning(text)
    return records_in(found)


def _json_lines(lines: Sequence[str]) -> list[Any]:
    found = []
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                found.append(json.loads(line, parse_float=str))
        except json.JSONDecodeError as error:
            raise ValueError(f"no JSON, line {number}: {error.msg}") from error
    return found


def _json_beginning(text: str) -> list[Any]:
    """Return the complete records of a truncated list."""
    decoder = json.JSONDecoder(parse_float=str)
    found: list[Any] = []
    place = text.find("[") + 1
    while True:
        while place < len(text) and text[place] in " \t\r\n,":
            place += 1
        try:
            record, place = decoder.raw_decode(text, place)
        except json.JSONDecodeError:
            return found
        found.append(record)


def _json_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _parquet(file: Path) -> Sheet:
    with duckdb.connect() as connection:
        found = connection.execute(
            "select columns(*)::varchar from read_parquet(?, hive_partitioning = false) limit ?",
            [str(file), MOST_ROWS + 1],
        )
        columns = [column[0] for column in found.description]
        refuse_too_many(file, len(columns))
        rows = [[cell or "" for cell in row] for row in found.fetchall()]
    return Sheet(file, columns=columns, rows=rows[:MOST_ROWS], is_whole=len(rows) <= MOST_ROWS)
