"""CSV files with personal data: readable by their owner alone, never in a published folder, safe in spreadsheets."""

import csv
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from customer_journey.errors import InputError, exhausted_resource
from customer_journey.paths import PROJECT, Output

# Characters that start a formula in a spreadsheet, also in the full-width forms of East Asian keyboards.
FORMULA_SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_BEGINS_A_FORMULA = re.compile(f"[{re.escape(FORMULA_SIGNS)}]")
# A phone number such as +84912345678: tools that import phones need the plus sign, and a spreadsheet only reads it as a
# number.
_PHONE = re.compile(r"\+[0-9]{8,15}")


def guarded(cell: object) -> str:
    """Return a cell's text with an apostrophe before anything that a spreadsheet would run; phones stay unchanged."""
    text = "" if cell is None else str(cell)
    if _BEGINS_A_FORMULA.match(text) and not _PHONE.fullmatch(text):
        return f"'{text}"
    return text


def check_place(file: Path, output: Output) -> None:
    """Check that a file with personal data may be written here, before any work is done.

    Raises:
        InputError: the folder is a published one or does not exist, or the file exists already.
    """
    folder = file.parent.resolve()
    for public, why in ((output.root, "which holds the published file"), (PROJECT, "which is under version control")):
        if folder.is_relative_to(public.resolve()):
            raise InputError(
                f"--to {file}: is in {public}, {why}. Choose a private folder elsewhere, such as "
                f"{Path.home() / file.name}."
            )
    if not folder.is_dir():
        raise InputError(f"--to {file}: there is no folder {folder}. Create it (chmod 700), or choose another.")
    if os.path.lexists(file):
        raise InputError(f"--to {file}: exists already. Choose another name, or delete it.")


def write_private(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV in UTF-8, every cell quoted and guarded, to a new file that only its owner can read.

    Raises:
        InputError: the file cannot be created.
    """
    try:
        # there is no moment in which the file is open to others, and nobody can put a link in its place
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        if exhausted_resource(error):
            raise
        raise InputError(f"--to {file}: cannot be written ({error.strerror}). Choose another place.") from error
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
            writer.writerow(header)
            writer.writerows([guarded(cell) for cell in row] for row in rows)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
