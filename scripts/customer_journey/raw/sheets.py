"""Reads the sheets of workbooks as rows of text, and headers of two rows."""

import itertools
import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customer_journey.errors import InputError, first_line
from customer_journey.raw.broken_files import EMPTY, LONGEST_ROW, TO_CONVERT
from customer_journey.raw.mapping import Reading, did_you_mean

# slow to import, and builds without sheets do not need it
if TYPE_CHECKING:
    import python_calamine

# how many lines below the first one are searched for the header
TITLE_LINES = 20
# A workbook with more bytes when unpacked, or a sheet with more cells, is refused: a million rows of thirty columns
# take some two gigabytes.
_MOST_BYTES = 2 * 10**9
_MOST_CELLS = 32 * 2**20


def refuse_title(file: Path, unit: str, first: str, below: Sequence[Sequence[str]], header_row: int) -> None:
    """Refuse a file that has a title or a blank line where the header is expected, and name the line of the header."""
    for place, cells in enumerate(below, start=1):
        if sum(bool(cell.strip()) for cell in cells) > 1:
            number = header_row + place
            holds = f"holds the title {first!r}" if first else "is blank"
            raise InputError(
                f"{file}: its {unit} {header_row} {holds}; the header seems to be in {unit} {number}. "
                f"Write `header_row: {number}` for this table in mapping.yml, or run `journey init` on the folder."
            )


def no_header_row(file: Path, unit: str, how: Reading) -> InputError:
    """Return the error of a file that ends above the header that the mapping names."""
    return InputError(
        f"{file}: has no {unit} {how.header_row}, which mapping.yml gives as its header. Correct `header_row` there."
    )


def rows_of_sheet(file: Path, how: Reading) -> Iterator[list[str]]:
    """Yield the rows of a sheet as texts, the header first."""
    import python_calamine

    refuse_vast(file)
    try:
        book = _opened_book(file)
        names = book.sheet_names
        if how.sheet is not None and how.sheet not in names:
            raise InputError(
                f"{file}: has no sheet {how.sheet}, which mapping.yml names{did_you_mean(how.sheet, names)}"
            )
        sheet = book.get_sheet_by_name(how.sheet) if how.sheet else _only_sheet(file, book)
        rows = with_merged_cells(sheet, sheet.to_python(skip_empty_area=False), how.header_row)
    except (python_calamine.CalamineError, ValueError) as error:
        remedy = "Replace that cell by a value" if "cell error" in str(error) else "Save it again"
        raise InputError(f"{file}: cannot be read as a sheet ({first_line(error)}). {remedy}.") from error
    if rows and len(rows) < how.header_row:
        raise no_header_row(file, "row", how)
    above = [_text_of_cell(cell, ".") for cell in rows[how.header_row - 2]] if how.header_row > 1 and rows else []
    texts: Iterator[list[str]]
    texts = ([_text_of_cell(cell, how.decimal or ".") for cell in row] for row in rows[how.header_row - 1 :])
    if above:
        texts = _with_names_from(above, texts)
    top = list(itertools.islice(texts, 1 + TITLE_LINES))
    if top and sum(bool(cell.strip()) for cell in top[0]) <= 1:
        refuse_title(file, "row", " ".join(top[0]).strip(), top[1:], how.header_row)
    yield from itertools.chain(top, texts)


def with_merged_cells(
    sheet: "python_calamine.CalamineSheet", rows: list[list[Any]], header_row: int
) -> list[list[Any]]:  # fmt: skip
    """Return rows in which cells that are merged over several rows below the header stand in each of these."""
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        for row in rows[top + 1 : bottom + 1] if top >= header_row else ():
            row[left] = rows[top][left]
    return rows


def cells_without_value(file: Path) -> int:
    """Return how many formulas of a workbook of Excel have no stored value, so that they are read as empty cells."""
    return _count_in_sheets(file, rb"<c [^>]*>\s*<f(?:[^<>/]*/>|[^<>]*>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>")


def error_cells(file: Path) -> int:
    """Return how many cells of a workbook of Excel hold an error such as #N/A, which is read as an empty cell."""
    return _count_in_sheets(file, rb"<c [^>]*\bt=\"e\"")


def _count_in_sheets(file: Path, pattern: bytes) -> int:
    if not zipfile.is_zipfile(file):
        # another kind of workbook
        return 0
    return sum(len(re.findall(pattern, part)) for sheet in _sheets_in(file) for part in sheet)


def refuse_vast(file: Path) -> None:
    """Refuse a workbook that takes more memory than any that people save, which its reader would not survive.

    The reader keeps a place for each cell up to the last row and column in use, also if all between are empty.
    """
    if not zipfile.is_zipfile(file):
        return
    for sheet in _sheets_in(file):
        rows, columns = 1, 1
        for part in sheet:
            # the last row may be named by the row alone; digits and letters beyond those of any sheet are cut
            used = set(re.findall(rb"<(?:\w+:)?(?:c|row)\s[^>]*?\br=[\"']([A-Za-z]{0,6})[A-Za-z]*([0-9]{1,12})", part))
            rows = max(rows, *(int(row) for _, row in used), 1)
            columns = max(columns, *(_number_of(name.upper()) for name in {name for name, _ in used}), 1)
        if rows * columns > _MOST_CELLS:
            raise InputError(
                f"{file}: a sheet is in use up to row {rows:,} and column {columns:,}, more than can be read. Delete "
                "what stands far below or right of the table, or save the table as CSV."
            )


def _number_of(name: bytes) -> int:
    """Return the number of a column: A is 1, AA is 27."""
    number = 0
    for letter in name:
        number = 26 * number + letter - 64
    return number


def _sheets_in(file: Path) -> Iterator[Iterator[bytes]]:
    """Yield the XML of each sheet of a workbook of Excel, in parts that end before a cell."""
    with zipfile.ZipFile(file) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
            raise InputError(f"{file}: is too large for a workbook. Save its tables as CSV.")
        for entry in archive.infolist():
            if re.fullmatch(r"xl/worksheets/[^/]+[.]xml", entry.filename):
                yield _parts_of(archive, entry)


def _parts_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as stream:
        rest = b""
        while more := stream.read(TO_CONVERT):
            whole, sign, begun = (rest + more).rpartition(b"<c ")
            if len(begun) >= LONGEST_ROW:
                # what goes on for so long is no cell
                whole, sign, begun = (rest + more).rpartition(b"<")
            rest = sign + begun if len(begun) < LONGEST_ROW else b""
            yield whole
        yield rest


def names_below(above: Sequence[str], header: Sequence[str]) -> list[str]:
    """Return the names of columns: a blank one is that of the row above it, as of cells that are merged over two rows.

    A row above with a single text is a title, not a part of the header.
    """
    if sum(bool(name.strip()) for name in above) <= 1:
        return list(header)
    return [
        own if own.strip() else other
        for own, other in itertools.zip_longest(header, above[: _last_filled(above, header)], fillvalue="")
    ]


def _with_names_from(above: Sequence[str], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    yield names_below(above, next(rows))
    yield from rows


def _last_filled(*rows: Sequence[str]) -> int:
    return max((place + 1 for row in rows for place, cell in enumerate(row) if cell.strip()), default=0)


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
            f"{file}: has the sheets {', '.join(filled)}. Choose one for this table in mapping.yml, for example "
            f"`sheet: {filled[0]}`, or run `journey init` on the folder."
        )
    if not filled:
        raise InputError(f"{file}: {EMPTY}")
    return book.get_sheet_by_name(filled[0])


def _text_of_cell(cell: object, decimal: str) -> str:
    """Return the text of a cell: numbers with the file's decimal sign, dates in ISO form."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and math.isfinite(cell):
        # sheets store whole numbers as floats, with fifteen digits
        return str(int(cell)) if cell == int(cell) and abs(cell) < 1e15 else repr(cell).replace(".", decimal)
    if isinstance(cell, datetime):
        return cell.isoformat(" ") if cell.time() != time() else cell.date().isoformat()
    return str(cell)
