"""Names of columns and tables as people write them, held against those of the contract."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from customer_journey.contract import RawTable, raw_tables

_SYNONYMS = Path(__file__).with_name("synonyms.yml")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# EL tools put where a field comes from before its name
_PREFIXES = ("property ", "properties ", "attributes ", "fields ")


def plain_name(name: str) -> str:
    """Return a name without what people write in different ways: `Mã đơn-hàng` and `MaDonHang` are one."""
    decomposed = unicodedata.normalize("NFD", _CAMEL.sub(" ", unicodedata.normalize("NFC", name)))
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    letters = letters.lower().replace("đ", "d")
    # what stands in brackets is a unit or a currency: Amount spent (USD)
    without_brackets = re.sub(r"[(\[].*?[)\]]", " ", letters)
    words = " ".join(
        re.findall(r"\w+", (without_brackets if re.search(r"\w", without_brackets) else letters).replace("_", " "))
    )
    for prefix in _PREFIXES:
        words = words.removeprefix(prefix)
    return words


@dataclass(frozen=True)
class Vocabulary:
    """What the columns of one raw table are called: contract name: {plain name: weight}."""

    table: RawTable
    # names of files and sheets
    names: frozenset[str]
    columns: Mapping[str, Mapping[str, float]]

    def weight(self, column: str, name: str) -> float:
        """Return how well a plain name fits a column: 0 not at all, 1 it is the name of the column itself."""
        known = self.columns[column]
        if name in known:
            return known[name]
        # order_date_utc, customer_email_address: a name that is all there, with a word more
        words = name.split()
        best = max((weight for other, weight in known.items() if _is_within(other.split(), words)), default=0.0)
        return 0.4 * best

    def specificity(self, name: str) -> float:
        """Return how much a name says of its table, 0 to 1: `id` and `name` are columns of everything, `qty` of one."""
        meanings, tables = _spread().get(name, (1, 1))
        if meanings > 3:
            return 0.2
        if meanings > 1:
            return 0.6
        return 1.0 if tables == 1 else 0.8 if tables <= 5 else 0.5

    def called(self, text: str) -> float:
        """Return how far a file, sheet or folder is called as this table is: 1, less with more words, 0."""
        words = _singular(plain_name(text))
        best = 0.0
        for name in self.names:
            wanted = _singular(name)
            if words == wanted:
                return 1.0
            if len(words) > len(wanted) and wanted in (words[: len(wanted)], words[-len(wanted) :]):
                best = max(best, 0.5 if len(words) == len(wanted) + 1 else 0.2)
        return best


def _singular(name: str) -> list[str]:
    """Return the words of a name of a file that say what is in it, in the singular."""
    return [word.removesuffix("s") for word in name.split() if not word.isdigit() and word not in _fillers()]


def _is_within(wanted: list[str], words: list[str]) -> bool:
    """Tell whether the wanted words, two or more, stand in this order among these words, with one word more at most."""
    if len(wanted) < 2 or not len(wanted) < len(words) <= len(wanted) + 1:
        return False
    return words[: len(wanted)] == wanted or words[-len(wanted) :] == wanted


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(
        _SYNONYMS.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return document


@cache
def _fillers() -> frozenset[str]:
    return frozenset(_document()["fillers"])


@cache
def vocabularies() -> Mapping[str, Vocabulary]:
    """Return what the columns of each raw table are called, by the table's label."""
    document = _document()
    of_any: dict[str, list[str]] = document["any"]
    found = {}
    for table in raw_tables():
        own = document["tables"].get(table.label, {})
        columns: dict[str, dict[str, float]] = {}
        for column in table.all_columns:
            weights = {plain_name(name): 0.7 for name in of_any.get(column, ())}
            weights |= {plain_name(name): 0.8 for name in own.get("columns", {}).get(column, ())}
            columns[column] = {**weights, plain_name(column): 1.0}
        found[table.label] = Vocabulary(
            table, frozenset({plain_name(name) for name in (*own.get("names", ()), table.name)}), columns
        )
    return found


@cache
def _spread() -> Mapping[str, tuple[int, int]]:
    """Return for each plain name how many columns of the contract it may be, and of how many tables."""
    meanings: dict[str, set[str]] = {}
    tables: dict[str, set[str]] = {}
    for label, vocabulary in vocabularies().items():
        for column, names in vocabulary.columns.items():
            for name in names:
                meanings.setdefault(name, set()).add(column)
                tables.setdefault(name, set()).add(label)
    return {name: (len(meanings[name]), len(tables[name])) for name in meanings}


@cache
def known_values() -> Mapping[str, Mapping[str, str]]:
    """Return what the values of closed lists are called: `<source>/<table>.<column>`: {plain name: ours}."""
    document = _document()
    return {
        column: {plain_name(name): ours for ours, names in lists.items() for name in (ours, *names)}
        for column, lists in document["values"].items()
    }
