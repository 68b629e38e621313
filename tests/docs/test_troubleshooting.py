"""Each message on the troubleshooting page is printed by the code in these words, since readers search for them."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from customer_journey.paths import PROJECT

_PAGES = ("docs/troubleshooting.md", "docs/postgresql.md")
# placeholders on the page for the variable parts of a message, and what they stand for
_VARIABLE = "…"
_ROW = re.compile(r"^\| (?P<messages>`[^|]*`[^|]*?) \|", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_JINJA = re.compile(r"raise_compiler_error\((?P<arguments>.*?)\) }}", re.DOTALL)
_JINJA_TEXT = re.compile(r"\"([^\"]*)\"|'([^']*)'")
# a message is a heading, or the first cell of a row in a table with this header
_HEADING = "#### "
_HEAD = "| the line says |"
# Messages of the server, not of this project.
_OF_POSTGRESQL = {
    "Connection refused", "could not translate host name", "timeout expired", "password authentication failed",
    "no pg_hba.conf entry", "database … does not exist", "permission denied for database",
    "must be owner of schema marts",
}  # fmt: skip
# a shorter text could occur in other strings too
_LETTERS = 12
# messages made only of names and other programs' words, without words of this project
_WITHOUT_WORDS = {
    "test.…: …. Nothing was published", "model.… (…): …", "expectation … on …: …. Nothing was published", "dbt: …",
    "…: is …, not …. …", "… must be …, not ….", "…: … (at …). …", "DuckDB: …", "Spark: … (statement: … …)",
}  # fmt: skip


def _messages(page: str) -> Iterator[str]:
    is_table_of_messages = False
    for line in (PROJECT / page).read_text(encoding="utf-8").splitlines():
        is_table_of_messages = line.startswith(_HEAD) or (is_table_of_messages and line.startswith("|"))
        row = _ROW.match(line)
        if line.startswith(_HEADING):
            yield from _CODE.findall(line)
        elif is_table_of_messages and row is not None:
            yield from _CODE.findall(row["messages"])


def _text_of(node: ast.AST, constants: Mapping[str, str]) -> str | None:
    """Return a string of the code with `…` in place of inserted values; None for any other expression."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.Attribute):
        return constants.get(node.attr)
    if isinstance(node, ast.IfExp):
        return _text_of(node.body, constants)
    if isinstance(node, ast.FormattedValue):
        return _text_of(node.value, constants) or _VARIABLE
    if isinstance(node, ast.JoinedStr):
        return "".join(_text_of(part, constants) or "" for part in node.values)
    if isinstance(node, ast.BinOp):
        return (_text_of(node.left, constants) or _VARIABLE) + (_text_of(node.right, constants) or _VARIABLE)
    return None


def _constants_of(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            text = _text_of(node.value, found)
            if text is not None:
                found[node.targets[0].id] = text
    return found


def _strings_of_python() -> Iterator[str]:
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in sorted((PROJECT / "scripts").rglob("*.py"))]
    everywhere = {name: text for tree in trees for name, text in _constants_of(tree).items()}
    for tree in trees:
        constants = everywhere | _constants_of(tree)
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            text = _text_of(node, constants) if id(node) not in docstrings else None
            if text:
                yield text


def _strings_of_macros(file: Path) -> Iterator[str]:
    for raised in _JINJA.finditer(file.read_text(encoding="utf-8")):
        yield _VARIABLE.join(one or other for one, other in _JINJA_TEXT.findall(raised["arguments"]))


@cache
def _strings() -> tuple[str, ...]:
    found = list(_strings_of_python())
    found += [text for file in sorted((PROJECT / "macros").rglob("*.sql")) for text in _strings_of_macros(file)]
    found += [(PROJECT / "scripts" / "bootstrap.sh").read_text(encoding="utf-8")]
    # a page cannot show a backquote inside code
    return tuple(text.replace("`", "") for text in found)


def _is_printed(message: str) -> bool:
    """Return whether one string of the code contains all words of a message, in order."""
    parts = [part for part in message.split(_VARIABLE) if re.search(r"\w", part)]
    pattern = re.compile(".*?".join(re.escape(part.strip()) for part in parts), re.DOTALL)
    return any(pattern.search(text) for text in _strings())


def _explained() -> list[tuple[str, str]]:
    return [
        (page, message)
        for page in _PAGES
        for message in _messages(page)
        if message not in _OF_POSTGRESQL and message not in _WITHOUT_WORDS
    ]


@pytest.mark.parametrize(("page", "message"), _explained())
def test_a_message_is_one_that_the_code_prints(page: str, message: str) -> None:
    """Each message on the page is one that the code prints."""
    assert len(re.sub(r"\W", "", message)) >= _LETTERS, "too short to be told from others"
    assert _is_printed(message), f"{page}: {message}"


def test_messages_are_found() -> None:
    """Messages are found on the page at all."""
    assert len(_explained()) > 100


def test_a_message_that_nobody_prints_is_noticed() -> None:
    """A message that the code does not print is detected."""
    assert not _is_printed("…: another build is strolling in this folder")
    assert not _is_printed("Wait for it to end, or choose another --out. … another build is running in this folder")


@pytest.mark.parametrize("message", sorted(_OF_POSTGRESQL | _WITHOUT_WORDS))
def test_exceptions_are_on_a_page(message: str) -> None:
    """Every exception in the list is needed by a page."""
    assert message in {explained for page in _PAGES for explained in _messages(page)}
