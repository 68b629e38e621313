"""The pages of the documentation and the code blocks on them."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from customer_journey.paths import PROJECT

# Documents that the site shows too, beside those in docs/.
OTHERS = (
    "README.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "expectations/README.md",
    "examples/online_retail/README.md",
    *(file.relative_to(PROJECT).as_posix() for file in sorted((PROJECT / "adapters").rglob("README.md"))),
)
_BLOCK = re.compile(r"^(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: the page it is on, the line of its first line, its language and its text."""

    page: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A command that a page asks its reader to type."""

    block: Block
    text: str

    def __str__(self) -> str:
        return f"{self.block}: {self.text}"


def pages() -> list[str]:
    """Return the path of every page, from the project's folder."""
    own = [file.relative_to(PROJECT).as_posix() for file in sorted((PROJECT / "docs").rglob("*.md"))]
    return own + [page for page in OTHERS if (PROJECT / page).is_file()]


def blocks(*kinds: str) -> Iterator[Block]:
    """Yield the blocks of these languages on all pages."""
    for page in pages():
        text = (PROJECT / page).read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            if block["kind"] in kinds:
                line = text.count("\n", 0, block.start()) + 2
                yield Block(page, line, block["kind"], textwrap.dedent(block["text"]))


def commands() -> list[Command]:
    """Return every command of the pages: those behind a `$` in `console` blocks, and whole `sh` blocks."""
    found = []
    for block in blocks("console", "sh"):
        if block.kind == "sh":
            found.append(Command(block, block.text.strip()))
        else:
            found += [Command(block, text) for text in _typed(block.text)]
    return found


def _typed(session: str) -> Iterator[str]:
    lines = iter(session.splitlines())
    for line in lines:
        if line.startswith("$ "):
            typed = line.removeprefix("$ ")
            while _is_open(typed):
                typed += "\n" + next(lines)
            yield typed


def _is_open(typed: str) -> bool:
    if typed.endswith("\\"):
        return True
    try:
        shlex.split(typed, comments=True)
    except ValueError:
        return True
    return False
