"""Follows a guide exactly: its blocks in order, as commands to run and files to write."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from customer_journey.paths import PROJECT

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`((?:models|seeds)/[\w/.]+)`")
_TABLE_LINE = re.compile(r"\| `((?:error: |dbt_project|models/|seeds/).*)` \|$", re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """A command of the guide, and the output that the guide shows below it."""

    line: str
    shown: list[str]


@dataclass(frozen=True)
class FileText:
    """A file that the guide tells the reader to write: the last one named before the block."""

    path: str
    text: str


def guide(name: str) -> str:
    """Return the text of a guide."""
    return (PROJECT / "docs" / "adapt" / f"{name}.md").read_text(encoding="utf-8")


def steps(text: str) -> Iterator[Command | FileText]:
    """Yield the steps of a guide, in order."""
    for block in _BLOCK.finditer(text):
        kind, body = block[1], block[2]
        if kind == "console":
            for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                line, *shown = part.rstrip("\n").split("\n")
                yield Command(line, shown)
        else:
            yield FileText(_FILE.findall(text[: block.start()])[-1], body)


def lines_of_mistakes(text: str) -> list[str]:
    """Return the messages that the guide's tables show for mistakes."""
    return _TABLE_LINE.findall(text)
