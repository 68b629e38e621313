"""Says in one line why a file cannot be read: its real format, the line at fault, and what to do."""

import csv
import gzip
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from customer_journey.errors import InputError, exhausted_resource
from customer_journey.raw.raw_files import (
    delimiter_of,
    is_compressed,
    is_json,
    is_parquet,
    is_sheet,
    is_text,
    open_text,
)

# The longest row of a CSV file, in bytes, and the buffer to read it: a comment may hold a picture encoded as text.
LONGEST_ROW = 16 * 2**20
TO_CONVERT = 2**20
EMPTY = "is empty, without even a header. Export it again."
_PEEKED = 512
# Of a compressed file: how many bytes are expanded to judge it, what is large, in bytes, and how many times its size is
# still usual.
_SAMPLE = 2**26
_LARGE = 10**9
_USUAL_TIMES = 200
# first bytes of a file, by which its real format shows
_KINDS = {
    b"PK\x03\x04": "a workbook",
    b"\x1f\x9d": "a compressed file",
    b"7z\xbc\xaf\x27\x1c": "an archive",
    b"Rar!": "an archive",
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
    b"insert into": "SQL",
    b"create table": "SQL",
    b"-- mysql dump": "SQL",
    b"-- postgresql database dump": "SQL",
    b"version https://git-lfs": "a pointer of Git LFS",
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
    "SQL": "Export the table as .csv.",
    "a pointer of Git LFS": "Run `git lfs pull` where it was cloned.",
    "a compressed file": "Unpack it here.",
    "an archive": "Unpack it here.",
    "text": "Rename it to end in .csv, or in .tsv if tabs separate its columns.",
}


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
        if exhausted_resource(error):
            raise
        raise InputError(f"{file}: cannot be read ({error.strerror or error}). Check its permissions.") from error
    except duckdb.Error as error:
        # out of memory is not the fault of the file: exporting it again would not help
        if exhausted_resource(error):
            raise
        if not file.exists():
            raise InputError(f"{file}: was there when the build began, but is gone now. Build again.") from error
        raise _unreadable(file, error, skipped) from error


def refuse_another_kind(file: Path) -> None:
    """Refuse a file whose content does not match its suffix, and name its real format; no reader would do so."""
    with file.open("rb") as stream:
        raw = stream.read(_PEEKED)
    if is_compressed(file):
        if raw and not raw.startswith(b"\x1f\x8b"):
            is_zip = raw.startswith(b"PK\x03\x04")
            remedy = "It is a zip archive: unpack it here" if is_zip else "If it is plain text, rename it without .gz"
            raise InputError(f"{file}: is not gzip, although its name ends in .gz. {remedy}.")
        with gzip.open(file, "rb") as stream:
            raw = stream.read(_PEEKED)
        if raw.startswith(b"\x1f\x8b"):
            raise InputError(f"{file}: is compressed twice. Unpack it once.")
        _refuse_expanding(file)
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


def _refuse_expanding(file: Path) -> None:
    """Refuse a compressed file that would expand to fill a disk: rows are compressed ten or twenty times."""
    size = file.stat().st_size
    # gzip never compresses more than about a thousand times
    if size * 1032 < _LARGE:
        return
    with file.open("rb") as raw, gzip.open(raw, "rb") as stream:
        expanded = 0
        while expanded < _SAMPLE and (part := stream.read(TO_CONVERT)):
            expanded += len(part)
        times = expanded / raw.tell()
    if times > _USUAL_TIMES and size * times > _LARGE:
        raise InputError(
            f"{file}: would expand from {size / 10**6:,.0f} MB to about {size * times / 10**9:,.0f} GB, as a file does "
            "that is made to fill a disk. Export it again; if it is right, unpack it."
        )


def _kind_of(file: Path) -> str:
    text = "UTF-8 CSV" if delimiter_of(file) == "," else "UTF-8 TSV"
    return "Parquet" if is_parquet(file) else "JSON" if is_json(file) else "a sheet" if is_sheet(file) else text


def _unreadable(file: Path, error: Exception, skipped: int = 0) -> InputError:
    """Return the error of a reader in one line: where the file is malformed, and why."""
    lines = [line.strip() for line in str(error).removeprefix("Invalid Input Error: ").splitlines() if line.strip()]
    lines = lines or [type(error).__name__]
    reason = next((line for line in lines[1:] if "unicode" in line or "Expected Number" in line), None)
    is_encoding = isinstance(error, UnicodeError) or "unicode" in str(error) or "UTF-16 encoding" in str(error)
    hint = "Export it again."
    if is_encoding:
        hint = "Save it as UTF-8, or write its encoding in mapping.yml, for example `encoding: cp1258`."
    elif (returned := _lone_return(file)) is not None:
        return InputError(
            f"{file}: line {returned:,} ends with a carriage return alone, as in CSV (Macintosh). Save it again as CSV "
            "UTF-8."
        )
    elif found := re.search(r"CSV Error on Line: (\d+)", str(error)):
        # exporting it again would give the same file
        hint = _hint_on_line(file, int(found[1]) + skipped)
    elif is_json(file) and (place := _place_in_json(file)):
        lines, reason = [place], None
    detail = f"{lines[0]}; {reason}" if reason else lines[0]
    detail = re.sub(r"Line: (\d+)", lambda found: f"Line: {int(found[1]) + skipped}", detail)
    return InputError(f"{file}: cannot be read as {_kind_of(file)} ({detail}). {hint}")


def _lone_return(file: Path) -> int | None:
    """Return the first line of a text file that ends with a carriage return alone; None if none does."""
    if not is_text(file):
        return None
    try:
        with open_text(file) as stream:
            sample = stream.read(TO_CONVERT)
    except (OSError, EOFError, zlib.error):
        return None
    found = re.search(rb"\r(?![\n\r]|$)", sample)
    return len(re.findall(rb"\r\n|\n|\r", sample[: found.start()])) + 1 if found else None


def _hint_on_line(file: Path, number: int) -> str:
    """Return what to do about a line of a text file that has another number of fields than the header."""
    with open_text(file) as stream:
        first = stream.readline(LONGEST_ROW)
        line = first
        for _ in range(number - 1):
            line = stream.readline(LONGEST_ROW)
    if b"\0" in line:
        return "It holds NUL bytes, so it was probably cut off while it was copied. Export it again."
    if line.startswith((b"<<<<<<< ", b"=======", b">>>>>>> ")):
        return "It is the mark of a merge conflict. Resolve the conflict in that file."
    if first.rstrip().endswith((b",", b";", b"\t")) and not line.rstrip(b"\r\n").endswith((b",", b";", b"\t")):
        return "The header ends with one separator too many. Remove it there."
    return (
        "Correct that line: put a value that holds a separator, line break or quotation mark between quotation marks."
    )


def _place_in_json(file: Path) -> str | None:
    """Return where a JSON file is malformed, in the words of Python's parser; None if it cannot say."""
    try:
        with open_text(file) as stream:
            text = stream.read(LONGEST_ROW + 1).decode("utf-8-sig")
        # longer files are not parsed again, so only DuckDB's message is shown
        if len(text) <= LONGEST_ROW:
            json.loads(text)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}" if error.msg != "Extra data" else None
    except (OSError, EOFError, zlib.error, ValueError, RecursionError):
        return None
    return None
