"""What is written to a terminal or a log: texts as they are, whatever they hold.

Names of files, columns and values are other people's. A terminal would obey the control characters among them, and
rich would take `[/x]` for its own markup.
"""

import sys
import unicodedata
from typing import Any

from rich.console import Console
from rich.text import Text

# invisible: they turn the direction of what follows, or hide letters
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def plain(text: str) -> str:
    r"""Return a text in which what a terminal does not show as a character reads as `\x1b` or `\u202e`."""
    return "".join(_shown(character) for character in text)


def plain_line(text: str) -> str:
    """Return a text as one line."""
    return plain(" ".join(text.splitlines()))


def _shown(character: str) -> str:
    if character == "\n" or unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    # a byte of a file name that is no UTF-8, as Python keeps it
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class PlainConsole(Console):
    """A console that shows every text that it is given, in tables too, as `plain` does and without markup."""

    def __init__(self, *, stderr: bool = False, width: int | None = None, soft_wrap: bool = False) -> None:
        # a character that the terminal's encoding does not have ends no build
        stream = sys.stderr if stderr else sys.stdout
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        super().__init__(stderr=stderr, width=width, soft_wrap=soft_wrap, markup=False, highlight=False, emoji=False)

    def render_str(self, text: str, *arguments: Any, **options: Any) -> Text:
        """Render a text given as str: what all printing and every cell of a table goes through."""
        return super().render_str(plain(text), *arguments, **options)
