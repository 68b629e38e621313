"""Safe output to a terminal or a log: control characters are escaped, markup is not interpreted.

Names of files, columns and values come from exports. A terminal would execute the control characters in them, and rich
would read `[/x]` as its own markup.
"""

import sys
import unicodedata
from typing import Any

from rich.console import Console
from rich.text import Text

# invisible characters: they change the direction of the text that follows, or hide letters
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def plain(text: str) -> str:
    r"""Return the text with each invisible character written as its code, such as `\x1b` or `\u202e`."""
    return "".join(_shown(character) for character in text)


def plain_line(text: str) -> str:
    """Return the text in one line, invisible characters escaped."""
    return plain(" ".join(text.splitlines()))


def _shown(character: str) -> str:
    if character == "\n" or unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    # a byte of a file name that is not valid UTF-8, as Python represents it
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class PlainConsole(Console):
    """A console that escapes every text as `plain` does, in tables too, and interprets no markup."""

    def __init__(self, *, stderr: bool = False, width: int | None = None, soft_wrap: bool = False) -> None:
        # a character that the terminal cannot encode must not fail a build
        stream = sys.stderr if stderr else sys.stdout
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        super().__init__(stderr=stderr, width=width, soft_wrap=soft_wrap, markup=False, highlight=False, emoji=False)

    def render_str(self, text: str, *arguments: Any, **options: Any) -> Text:
        """Render a str: all printing and every cell of a table passes through here."""
        return super().render_str(plain(text), *arguments, **options)
