"""What a case is, and how to write many of them shortly."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Values = str | None | tuple[str | None, ...]


class Cases(NamedTuple):
    """A call of a macro over the columns x, y, z, all of them text, and what it gives, as text."""

    call: str
    expected: Mapping[Values, str | None]
    settings: Mapping[str, Any] = {}


def nothing(*texts: str | None) -> dict[Values, str | None]:
    """Expect null for each of the texts; `|` parts the texts of an argument."""
    return {part: None for text in texts for part in (text.split("|") if text else [text])}


def wide(text: str) -> str:
    """Write ASCII in the full-width characters that Asian keyboards give."""
    return text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
