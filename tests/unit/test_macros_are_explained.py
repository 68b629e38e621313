"""Every macro says what it is for, so that nobody must read Jinja to find out, or mends what was meant."""

import re
from pathlib import Path

import pytest
from customer_journey.paths import PROJECT

_BEGINS = re.compile(r"^\{%-? *(macro|materialization) (?P<name>\w+)", re.MULTILINE)
_DISPATCHED = ("default__", "duckdb__", "spark__")


@pytest.mark.parametrize("file", sorted((PROJECT / "macros").glob("*.sql")), ids=lambda file: file.stem)
def test_a_comment_stands_above(file: Path) -> None:
    """A comment stands right above a macro, or above the group of macros without an empty line between them."""
    text = file.read_text(encoding="utf-8")
    found = [
        match["name"]
        for match in _BEGINS.finditer(text)
        if not match["name"].startswith(_DISPATCHED) and not text[: match.start()].endswith(("#}\n", "%}\n"))
    ]
    assert found == []
