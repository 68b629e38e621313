"""Lines of a text file that no reader can split into the columns of its header.

One such line must not stop a table: it lands as a quarantined row that holds the line, and the others are read from a
copy without it. A line with an unclosed quotation mark counts as broken alone; reading continues with the next line.
"""

import csv
import io
import itertools
import json
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from customer_journey.contract import RawTable
from customer_journey.raw.broken_files import LONGEST_ROW, TO_CONVERT
from customer_journey.raw.raw_files import open_text

# The value of is_deleted in the row of a broken line; the macro stage has the same.
MARK = "(broken line)"
# the most lines of one record, and how many characters of a broken line are kept
_MOST_LINES = 10_000
_KEPT = 10_000
# the most broken lines of a file that are quarantined one by one
_MOST_BROKEN = 100_000
# Of a large file, how many lines are read to judge it, and how many of them may be broken.
_JUDGED = 1_000
_MOST_OF_JUDGED = 900
# the largest JSON file, in bytes, that is searched for broken lines: Python takes several times as much memory
_MOST_TO_MEND = 2**28
# How text is decoded so that bytes that are not UTF-8 are known as such: each becomes one of these characters.
KEEP_STRAYS = "surrogateescape"
_STRAY = re.compile("[\udc80-\udcff]")
_NOT_ASCII = re.compile("[^\0-\x7f]")
# Kinds of columns that hold any text.
_TEXTS = ("id", "text", "label", "code", "email", "phone", "identifier", "currency")


class BrokenLine(NamedTuple):
    """A broken line: the number of its row, counted without the header, and of its line in the file, and its text."""

    row: int
    line: int
    text: str

    def below(self, lines: int) -> "BrokenLine":
        """Return the line as it counts in a file with this many lines above the header."""
        return self._replace(row=self.row + lines, line=self.line + lines)

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


def text_column(table: RawTable) -> str:
    """Return the column of a raw table that holds a broken line: the first of its key that may hold any text."""
    kinds = dict(zip(table.columns, table.kinds, strict=True))
    return next(name for name in (*table.key, *table.columns) if kinds[name] in _TEXTS)


def copy_without(file: Path, copy: Path, delimiter: str, longest_row: int, is_sure: bool = False) -> list[BrokenLine]:
    """Copy a UTF-8 text file with an empty row in place of each broken line, and return these lines.

    A row with a byte that is not UTF-8 is broken too, unless most rows with non-ASCII letters are such rows: then the
    file is in another encoding. `is_sure` says that its encoding is known, so that only such rows are broken.

    Raises:
        UnicodeError: the file is not UTF-8.
        csv.Error: its header is broken, or a great many of its lines are.
    """
    broken: list[BrokenLine] = []
    strays: list[int] = []
    in_utf_8 = 0
    csv.field_size_limit(longest_row)
    with (
        open_text(file) as binary,
        io.TextIOWrapper(binary, encoding="utf-8-sig", errors=KEEP_STRAYS, newline="") as source,
        copy.open("w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.writer(stream, delimiter=delimiter)
        header: list[str] | None = None
        for row, (number, line, record) in enumerate(_records(source, delimiter)):
            if header is None:
                if record is None:
                    raise csv.Error("its header is broken")
                header = record
            is_stray = has_strays("".join(record) if record is not None else line)
            if is_stray:
                strays.append(number)
            elif record is not None and not all(map(str.isascii, record)):
                in_utf_8 += 1
            if record is None or is_stray:
                broken.append(BrokenLine(row, number, without_strays(line.rstrip("\r\n")[:_KEPT])))
                record = [""] * len(header)
                if len(broken) > _MOST_BROKEN:
                    break
            writer.writerow(record)
    if not is_sure and strays and len(strays) >= in_utf_8:
        raise UnicodeError(f"Line: {strays[0]} holds bytes that are not UTF-8")
    if len(broken) > _MOST_BROKEN:
        raise csv.Error(f"CSV Error on Line: {broken[0].line}, as on more than {_MOST_BROKEN:,} others")
    return broken


def refuse_broken_throughout(file: Path, delimiter: str) -> None:
    """Refuse a large text file that is broken from its beginning, before DuckDB keeps each of its lines in memory.

    Raises:
        csv.Error: hardly any of the first lines can be split into the columns of the header.
    """
    if file.stat().st_size < TO_CONVERT:
        return
    csv.field_size_limit(LONGEST_ROW)
    with open_text(file) as binary:
        source = io.TextIOWrapper(binary, encoding="utf-8-sig", errors=KEEP_STRAYS, newline="")
        first = list(itertools.islice(_records(source, delimiter), _JUDGED))
    broken = [number for number, _, record in first if record is None]
    if len(broken) > _MOST_OF_JUDGED:
        raise csv.Error(f"CSV Error on Line: {broken[0]}, as on nearly all others")


def has_endless_line(file: Path) -> bool:
    """Return whether a line of a text file is longer than any row may be; DuckDB skips some of them without a word."""
    run = 0
    with open_text(file) as stream:
        while part := stream.read(TO_CONVERT):
            end = part.find(b"\n")
            run += len(part) if end < 0 else end
            if run > LONGEST_ROW:
                return True
            if end >= 0:
                run = len(part) - part.rfind(b"\n") - 1
    return False


def has_strays(text: str) -> bool:
    """Return whether a text, decoded with KEEP_STRAYS, holds bytes that are not UTF-8."""
    return not text.isascii() and _STRAY.search(text) is not None


def without_strays(text: str) -> str:
    """Return a text with a replacement character for each byte that is not UTF-8."""
    return text if text.isascii() else _STRAY.sub("\N{REPLACEMENT CHARACTER}", text)


def with_equal_strays(text: str) -> str:
    """Return a text, decoded with KEEP_STRAYS, in which every stray byte is FF, which is never part of UTF-8.

    Two stray bytes of another encoding could make a letter of UTF-8 together.
    """
    return text if text.isascii() else _STRAY.sub("\udcff", text)


def count_strays(text: str) -> tuple[int, int]:
    """Return the numbers of bytes that are not UTF-8 and of non-ASCII letters, in a text decoded with KEEP_STRAYS."""
    strays = len(_STRAY.findall(text))
    return strays, len(_NOT_ASCII.findall(text)) - strays


def copy_of_json(file: Path, copy: Path) -> None:
    """Copy a JSON file as one record a line, in which each text is valid and a broken line is a record {MARK: line}.

    Raises:
        UnicodeError: the file is not UTF-8.
        ValueError: it is neither JSON nor one record a line.
    """
    with open_text(file) as binary:
        content = binary.read(_MOST_TO_MEND + 1)
    if len(content) > _MOST_TO_MEND:
        raise ValueError("it is too large to be searched for broken lines")
    text = content.decode("utf-8-sig", KEEP_STRAYS)
    strays, others = count_strays(text)
    if strays and strays >= others:
        raise UnicodeError("it holds bytes that are not UTF-8")
    with copy.open("w", encoding="utf-8") as stream:
        try:
            records = [_loaded(text)]
        except RecursionError as error:
            raise ValueError("its values are nested too deeply") from error
        except ValueError:
            if text.lstrip().startswith("["):
                # a list that ends in its middle: its lines are no records
                raise
            lines = [line for line in text.split("\n") if line.strip()]
            records = [_record_in(line) for line in lines]
            if all(MARK in record for record in records):
                raise
        for record in records:
            valid = json.dumps(record, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            stream.write(f"{valid}\n")


def _loaded(text: str) -> Any:  # noqa: ANN401
    # numbers as they are written: Python would round some
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)


def _record_in(line: str) -> dict[str, Any]:
    try:
        record = None if has_strays(line) else _loaded(line)
    except (ValueError, RecursionError):
        record = None
    return record if isinstance(record, dict) else {MARK: line[:_KEPT]}


def _records(source: TextIO, delimiter: str) -> Iterator[tuple[int, str, list[str] | None]]:
    """Yield number and text of the first line of each record, and its values; None if it has an odd quotation mark.

    Values with line breaks make a record of several lines, unless it then has another number of values than the first
    record: the quotation mark was not closed.
    """
    ahead: deque[str] = deque()
    number, width = 0, None
    while line := ahead.popleft() if ahead else _line_of(source):
        number += 1
        if not line.strip("\r\n"):
            continue
        if len(line) > LONGEST_ROW:
            yield number, line, None
            continue
        reader = csv.reader(_lines_from(line, ahead, source), delimiter=delimiter, strict=True)
        try:
            record: list[str] | None = next(reader)
        except (csv.Error, StopIteration):
            record = None
        if record is not None and width is not None:
            # a separator at the end of each row is common
            while len(record) > width and not record[-1]:
                record.pop()
        if record is None or (width is not None and len(record) != width):
            yield number, line, None
            continue
        width = len(record)
        yield number, line, record
        for _ in range(reader.line_num - 1):
            ahead.popleft()
            number += 1


def _line_of(source: TextIO) -> str:
    """Return the next line; of one that is longer than a row may be only the beginning, which is longer too."""
    line = part = source.readline(LONGEST_ROW + 1)
    while len(part) > LONGEST_ROW and not part.endswith("\n"):
        part = source.readline(LONGEST_ROW + 1)
    return line


def _lines_from(line: str, ahead: deque[str], source: TextIO) -> Iterator[str]:
    yield line
    for place in range(_MOST_LINES):
        if place == len(ahead):
            following = _line_of(source)
            if not following:
                return
            ahead.append(following)
        yield ahead[place]
