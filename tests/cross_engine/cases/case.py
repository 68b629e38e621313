"""The type of a test case of a macro, and helpers to write many of them briefly."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Values = str | None | tuple[str | None, ...]


class Cases(NamedTuple):
    """Calls of a macro over the text columns x, y and z, with the expected result as text."""

    call: str
    expected: Mapping[Values, str | None]
    settings: Mapping[str, Any] = {}


def nothing(*texts: str | None) -> dict[Values, str | None]:
    """Expect null for each of the texts; `|` separates the arguments of a call."""
    return {part: None for text in texts for part in (text.split("|") if text else [text])}


def wide(text: str) -> str:
    """Return ASCII text in full-width characters, as Asian keyboards produce them."""
    return text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
