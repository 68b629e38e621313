"""Finds the line of a landed row in its text file."""

import csv
import io
from pathlib import Path

from customer_journey.raw.mapping import Reading
from customer_journey.raw.raw_files import delimiter_of, open_text

# Beyond this row, finding the line would take too long: the row number is shown instead.
_FARTHEST = 500_000


def line_of_row(file: Path, how: Reading, row: int) -> int | None:
    """Return the line that a row begins on, where an editor shows it; None for rows far down.

    `row` is the number that landing gave it: 1 is the first row below the header in line 1. Blank lines are not
    numbered, and a row may span several lines.
    """
    if row > _FARTHEST:
        return None
    with open_text(file) as binary:
        text = io.TextIOWrapper(binary, encoding=how.encoding or "utf-8", errors="replace", newline="")
        skipped = how.header_row - 1
        for _ in range(skipped):
            text.readline()
        if not skipped:
            first = text.readline().removeprefix("\ufeff")
            if first.startswith("sep="):
                skipped = 1
            else:
                text.seek(0)
        csv.field_size_limit(2**31 - 1)
        reader = csv.reader(text, delimiter=how.delimiter or delimiter_of(file))
        # the header is a record too
        wanted = row - (how.header_row - 1) + 1
        begins = 1
        for record in reader:
            if record:
                wanted -= 1
                if wanted == 0:
                    return begins + skipped
            begins = reader.line_num + 1
    return None
