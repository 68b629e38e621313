"""CSV files with personal data: readable by their owner alone, never beside what is published, safe in sheets."""

import csv
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from customer_journey.errors import InputError, what_gave_out
from customer_journey.paths import PROJECT, Output

# What makes a spreadsheet take a cell for a formula, also in the full-width letters of East Asian keyboards.
FORMULA_SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_BEGINS_A_FORMULA = re.compile(f"[{re.escape(FORMULA_SIGNS)}]")
# A number as +84912345678: its plus sign is part of it, every tool that takes phones wants it, and a spreadsheet makes
# nothing of it but the number itself.
_PHONE = re.compile(r"\+[0-9]{8,15}")


def guarded(cell: object) -> str:
    """Return a cell's text, with an apostrophe before what a spreadsheet would run; a phone stays as it is."""
    text = "" if cell is None else str(cell)
    if _BEGINS_A_FORMULA.match(text) and not _PHONE.fullmatch(text):
        return f"'{text}"
    return text


def check_place(file: Path, output: Output) -> None:
    """See that a file with personal data may be written here, before anything is worked out.

    Raises:
        InputError: the place is a published one, does not exist, or is taken.
    """
    folder = file.parent.resolve()
    for public, why in ((output.root, "which holds the published file"), (PROJECT, "which is under version control")):
        if folder.is_relative_to(public.resolve()):
            raise InputError(
                f"--to {file}: lies in {public}, {why}. Choose a private folder elsewhere, such as "
                f"{Path.home() / file.name}."
            )
    if not folder.is_dir():
        raise InputError(f"--to {file}: there is no folder {folder}. Make it (chmod 700), or choose another.")
    if os.path.lexists(file):
        raise InputError(f"--to {file}: is there already. Choose another name, or delete it.")


def write_private(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV in UTF-8, every cell quoted and guarded, into a new file that its owner alone can read.

    Raises:
        InputError: the file cannot be made.
    """
    try:
        # there is no moment in which the file is open to others, and nobody can put a link in its place
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        if what_gave_out(error):
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
