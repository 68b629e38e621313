"""Matches names of columns and tables in exports with those of the contract."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from customer_journey.contract import RawTable, raw_tables

_SYNONYMS = Path(__file__).with_name("synonyms.yml")
# further languages, in files of the same form
_LANGUAGES = tuple(
    Path(__file__).with_name(f"synonyms_{language}.yml") for language in ("fr", "es", "pt", "it", "other_languages")
)
# the weight of a name that columns of any table have
_OF_ANY = 0.7
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# prefixes that EL tools put before a field's name for its origin
_PREFIXES = ("property ", "properties ", "attributes ", "fields ")
_WITH_TAX = re.compile(r" (?:(?:tax|vat|taxes) (?:incl|included|inclusive)|(?:incl|including|inc) (?:tax|vat|taxes))$")
# what the name of a table before them does not make specific: the id in "survey id" is the survey's, not the answer's
_VAGUE = ("id", "no", "number", "code", "name", "title")


def plain_name(name: str) -> str:
    """Return a normalized name, so that spellings such as `Mã đơn-hàng` and `MaDonHang` become equal."""
    decomposed = unicodedata.normalize("NFD", _CAMEL.sub(" ", unicodedata.normalize("NFC", name)))
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    letters = letters.lower().replace("đ", "d")
    # the sign for a number: N° de commande, Nº de pedido
    letters = re.sub(r"\bn[°º]\s*", "no ", letters)
    # drop brackets, which hold a unit or a currency: Amount spent (USD)
    without_brackets = re.sub(r"[(\[].*?[)\]]", " ", letters)
    words = " ".join(
        re.findall(r"\w+", (without_brackets if re.search(r"\w", without_brackets) else letters).replace("_", " "))
    )
    for prefix in _PREFIXES:
        words = words.removeprefix(prefix)
    # amounts with the tax in them: total_paid_tax_incl
    words = _WITH_TAX.sub("", words) or words
    # id_order of a database is the order id
    first, _, rest = words.partition(" ")
    return f"{rest} id" if first == "id" and rest and rest.count(" ") < 3 else words


@dataclass(frozen=True)
class Vocabulary:
    """The known names of the columns of one raw table: contract name: {normalized name: weight}."""

    table: RawTable
    # names of files and sheets
    names: frozenset[str]
    columns: Mapping[str, Mapping[str, float]]

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """The names of the table that are one word, also in the singular."""
        words = {name for name in self.names if " " not in name}
        return frozenset(words | {word.removesuffix("s") for word in words})

    def weight(self, column: str, name: str) -> float:
        """Return how well a normalized name fits a column, from 0 (not at all) to 1 (the column's own name)."""
        known = self.columns[column]
        if name in known:
            return known[name]
        words = name.split()
        # Deal - Stage, Person - Person created: the name of the table stands before that of the column
        rest = words
        while len(rest) > 1 and rest[0] in self.prefixes:
            rest = rest[1:]
        if rest != words and " ".join(rest) not in _VAGUE and (weight := known.get(" ".join(rest), 0.0)):
            return max(0.9 * weight, min(weight, _OF_ANY))
        # order_date_utc, customer_email_address: a known name with one more word
        best = max((weight for other, weight in known.items() if _is_within(other.split(), words)), default=0.0)
        return 0.4 * best

    def specificity(self, name: str) -> float:
        """Return how specific a name is for its table, 0 to 1: `id` and `name` occur in many tables, `qty` in one."""
        meanings, tables = _spread().get(name, (1, 1))
        if meanings > 3:
            return 0.2
        if meanings > 1:
            return 0.6
        return 1.0 if tables == 1 else 0.8 if tables <= 5 else 0.5

    def called(self, text: str) -> float:
        """Return how well the name of a file, sheet or folder matches this table: 1, less with further words, or 0."""
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
    """Return the words of a file name that describe its content, in the singular."""
    return [word.removesuffix("s") for word in name.split() if not word.isdigit() and word not in _fillers()]


def _is_within(wanted: list[str], words: list[str]) -> bool:
    """Return whether the words contain the wanted words (at least two) in order, with at most one further word."""
    if len(wanted) < 2 or not len(wanted) < len(words) <= len(wanted) + 1:
        return False
    return words[: len(wanted)] == wanted or words[-len(wanted) :] == wanted


@cache
def _document() -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = {}
    for file in (_SYNONYMS, *_LANGUAGES):
        _add(document, yaml.load(file.read_text(encoding="utf-8"), loader))
    return document


def _add(words: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add the lists of one file of synonyms to those of the others."""
    for key, value in more.items():
        if isinstance(value, list):
            words[key] = [*words.get(key, ()), *value]
        else:
            _add(words.setdefault(key, {}), value)


@cache
def _fillers() -> frozenset[str]:
    return frozenset(_document()["fillers"])


def parts_of_names(names: Sequence[str]) -> list[tuple[str, str, bool]]:
    """Return the pairs of columns with the first and the last name of a person, and whether the family's is first."""
    parts = _document()["name_parts"]
    given, family, leading = (
        {plain_name(word) for word in parts[part]} for part in ("given", "family", "family_first")
    )
    found = []
    for name in names:
        words = plain_name(name).split()
        for start in range(len(words)):
            if " ".join(words[start:]) not in given:
                continue
            # Billing First Name and Billing Last Name
            before = " ".join(words[:start])
            for other in names:
                rest = plain_name(other).removeprefix(f"{before} " if before else "")
                if other != name and rest in family | leading and (not before or plain_name(other).startswith(before)):
                    found.append((name, other, rest in leading))
    return found


@cache
def refund_words() -> frozenset[str]:
    """Return the normalized words for a refund as a kind of document, such as `credit note`."""
    return frozenset(plain_name(word) for word in _document()["refund_words"])


@cache
def no_sale_words() -> frozenset[str]:
    """Return the normalized words for a booking in a list of sales that is none, such as `payment`."""
    return frozenset(plain_name(word) for word in _document()["no_sale_words"])


@cache
def guest_words() -> frozenset[str]:
    """Return the normalized words that stand in place of a customer's number where nobody is known."""
    return frozenset(plain_name(word) for word in _document()["guest_words"])


@cache
def total_words() -> frozenset[str]:
    """Return the normalized words that stand in place of a record's id in a row of totals."""
    return frozenset(plain_name(word) for word in _document()["total_words"])


@cache
def words_by_meaning(which: str) -> Mapping[str, str]:
    """Return what normalized words mean: of yes and no (`yes_or_no`), or of currencies (`currency_names`)."""
    return {plain_name(word): ours for ours, words in _document()[which].items() for word in words}


@cache
def amounts_in_parts() -> Mapping[str, tuple[str, ...]]:
    """Return the normalized names of the parts of a total by part (price, tax, shipping, discount), best ones first."""
    return {
        part: tuple(dict.fromkeys(plain_name(name) for name in names))
        for part, names in _document()["amounts_in_parts"].items()
    }


def scale_of(name: str) -> tuple[str, str]:
    """Return the name of an amount without its unit, and what to do to have whole units: ("amount", "/ 100")."""
    found = re.search(r"[(\[](.*?)[)\]]", name)
    words = plain_name(name).split()
    for factor, names in _scales().items():
        if found and plain_name(found[1]) in names:
            return plain_name(name), factor
        for start in range(1, len(words)):
            if " ".join(words[start:]) in names and len(" ".join(words[start:])) > 1:
                return " ".join(words[:start]).removesuffix(" in"), factor
    return plain_name(name), ""


@cache
def _scales() -> Mapping[str, frozenset[str]]:
    return {factor: frozenset(map(plain_name, names)) for factor, names in _document()["scales"].items()}


@cache
def places() -> frozenset[str]:
    """Return the normalized names of columns that tell shops or tills apart."""
    return frozenset(map(plain_name, _document()["places"]))


@cache
def vocabularies() -> Mapping[str, Vocabulary]:
    """Return the known column names of each raw table, by the table's label."""
    document = _document()
    of_any: dict[str, list[str]] = document["any"]
    found = {}
    for table in raw_tables():
        own = document["tables"].get(table.label, {})
        columns: dict[str, dict[str, float]] = {}
        for column in table.all_columns:
            weights = {plain_name(name): _OF_ANY for name in of_any.get(column, ())}
            names = own.get("columns", {}).get(column, ())
            # of several totals the one that stands first in the list is meant: what the customer pays, not a part of it
            step = 0.0005 if column == "total_amount" else 0.0
            weights |= {plain_name(name): 0.8 - step * place for place, name in enumerate(names)}
            columns[column] = {**weights, plain_name(column): 1.0}
        found[table.label] = Vocabulary(
            table, frozenset({plain_name(name) for name in (*own.get("names", ()), table.name)}), columns
        )
    return found


@cache
def _spread() -> Mapping[str, tuple[int, int]]:
    """Return for each normalized name the number of contract columns it may mean, and the number of their tables."""
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
    """Return the known names of values of closed lists: `<source>/<table>.<column>`: {normalized name: ours}."""
    document = _document()
    return {
        column: {plain_name(name): ours for ours, names in lists.items() for name in (ours, *names)}
        for column, lists in document["values"].items()
    }
