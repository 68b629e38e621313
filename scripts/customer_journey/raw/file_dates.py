"""The dates in the names of files: exports of one list that overlap say by them which of two rows is the newer."""

import re
from datetime import datetime

_DIGITS = {"%Y": r"\d{4}", **dict.fromkeys(("%m", "%d", "%H", "%M", "%S"), r"\d{2}")}
_PARTS = re.compile("|".join(_DIGITS))


def is_name_format(form: str) -> bool:
    """Return whether a format has a year, a month and a day, and no part that names of files cannot be read by."""
    parts = re.findall("%.?", form)
    return len(parts) == len(set(parts)) and {"%Y", "%m", "%d"} <= set(parts) <= set(_DIGITS)


def date_in_name(name: str, form: str) -> datetime | None:
    """Return the last date of this format in a file's name; None if it holds none."""
    between = _PARTS.split(form)
    digits = [_DIGITS[part] for part in _PARTS.findall(form)]
    pattern = "".join(re.escape(text) + part for text, part in zip(between, [*digits, ""], strict=True))
    for text in reversed(re.findall(rf"(?<!\d){pattern}(?!\d)", name)):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None
