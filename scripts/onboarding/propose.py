"""Proposes a mapping for the files of a folder: raw tables or tools, columns, and how certain each proposal is."""

import codecs
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import yaml
from customer_journey.adapters import Adapter, plain
from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError
from customer_journey.hash_key import DEMO_MARK
from customer_journey.mapping import EPOCH, FILE_NAME, RECORD_NUMBER, Reading
from customer_journey.raw_files import READ, data_files_below, delimiter_of, files_below, fits, suffix_of
from customer_journey.settings import FILE_NAME as SETTINGS_FILE
from customer_journey.tabular import read_as_text

from onboarding.adapters import Recognised, adapters, recognised
from onboarding.names import Vocabulary, known_values, plain_name, vocabularies
from onboarding.seeds import as_compared, mapped_values, seed_of
from onboarding.sniff import DELIMITERS, Finding, Sheet, sniff
from onboarding.values import DAY_FIRST, MONTH_FIRST, Dates, Kind, is_epoch, is_rounded, kind_of, with_order

# The size up to which files beside an export are test-read.
_MOST_TRIED = 64 * 2**20
# A match by name with at least this weight is certain if the values agree.
_SURE = 0.7
# The least score to propose a table: a matching name adds to it, missing required columns lower it.
_ENOUGH = 3.5
_CALLED = 5.0
_LACKING = 2.0
_ORDERS = "orders/orders"
# What a number of an order looks like, how many must be shared, and how many rows an order may have on average.
_ORDER_NUMBER = re.compile(r"#?[A-Za-z]{0,8}[-_]?[0-9][0-9A-Za-z_-]{2,}")
_SHARED_NUMBERS = 5
# Tables whose ids each system gives itself: those of products and orders may be shared on purpose.
_WITH_OWN_IDS = ("crm/contacts", "crm/companies", "crm/deals", "crm/tickets")
_LINES = 5
_AS_DATES = ("timestamp", "planned_timestamp", "date", "planned_date")
_AS_NUMBERS = ("amount", "rate", "number", "integer")
# The least columns of a file that are nearly all those of a table, though each name occurs in other tables too.
_FEW = 4
_NEARLY_ALL = 0.8


@dataclass(frozen=True)
class _Home:
    """A country where a language is spoken: the probable origin of files in that language, or of its currency."""

    language: str
    words: re.Pattern[str]
    timezone: str
    currency: str
    country: str
    phones: re.Pattern[str]
    # whether amounts in the currency show the country; euros do not
    has_own_currency: bool


_HOMES = (
    _Home(
        "Vietnamese",
        re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE),
        "Asia/Ho_Chi_Minh",
        "VND",
        "VN",
        re.compile(r"'?(\+?84|0[35789])"),
        True,
    ),
    _Home(
        "German",
        re.compile(
            r"\b(bestell|kunden|rechnungs|auftrags|beleg|artikel)(nr|nummer|datum|status|positionen)\b", re.IGNORECASE
        ),
        "Europe/Berlin",
        "EUR",
        "DE",
        re.compile(r"'?(\+?49|0[1-9])"),
        False,
    ),
)
# Constants for required columns that an export may lack, and what using each means.
_INSTEAD = {
    "status": "completed   if all rows are paid orders",
    "created_at": "2024-01-01   a day for all of them: they then count as new on that day",
    "platform": "facebook   if all rows are of one platform",
    "survey_type": "nps   if all rows are answers to one kind of question",
    "identifier_type": "email   if identifier_value is an e-mail in all rows",
    "place_type": "store   if all rows are visits to stores",
    "event_name": "page_view   if all rows are page views",
    "activity_type": "call   if all rows are of one kind",
    "purpose": "marketing   if all rows are about one purpose",
}


@dataclass(frozen=True)
class Match:
    """A column of the contract, the column of the file that is matched to it, and the reason."""

    column: str
    theirs: str
    is_sure: bool
    why: str
    kind: Kind
    # the weight of the name: 1 for the contract's own name, 0 if the name is no evidence
    weight: float = 0.0


@dataclass
class Source:
    """Files of one format, and the raw table proposed for them."""

    table: RawTable
    sheets: list[Sheet]
    matches: list[Match]
    # the columns without a match, with the kind of their values
    unknown: dict[str, Kind]
    # required columns of the contract without a match in the file
    missing: list[str]
    # reading options for mapping.yml, in their order; value None: cannot be determined
    reading: dict[str, tuple[Finding | None, Any]] = field(default_factory=dict)
    constants: dict[str, Finding] = field(default_factory=dict)
    # by column: values that neither the contract nor a seed knows, with the probable meaning and the frequency
    values: dict[str, dict[str, tuple[str | None, int]]] = field(default_factory=dict)
    # by column: values that a seed knows
    known_values: dict[str, list[str]] = field(default_factory=dict)
    id_prefix: str = ""
    notes: list[str] = field(default_factory=list)
    is_sure: bool = True

    @property
    def row_count(self) -> int:
        """The number of examined rows."""
        return sum(sheet.row_count for sheet in self.sheets)

    @property
    def is_whole(self) -> bool:
        """Whether all rows were examined."""
        return all(sheet.is_whole for sheet in self.sheets)


@dataclass
class AdapterUse:
    """A tool's export that an adapter reads: its files by input, below one folder."""

    name: str
    adapter: Adapter
    folder: Path
    files: dict[str, list[Sheet]]
    # whether times of the export may lack an offset, and the time zone proposed for them
    is_zone_asked: bool
    timezone: Finding | None
    id_prefix: str = ""
    # reading options for mapping.yml that differ from the adapter's own
    reading: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass
class Hints:
    """Hints of the folder on its origin, each with its reason; None if there is no hint."""

    timezone: Finding | None
    currency: Finding | None
    country: Finding | None
    # the existing setting in vars.yml
    reporting_currency: str | None


@dataclass
class Proposal:
    """The content of a folder, and the proposal how to read it."""

    folder: Path
    hints: Hints
    sources: list[Source] = field(default_factory=list)
    adapters: list[AdapterUse] = field(default_factory=list)
    # files recognised neither as a raw table nor as a tool's export, with the reason
    unknown: list[tuple[Sheet, str]] = field(default_factory=list)
    # files of formats that cannot be read
    unread: list[Path] = field(default_factory=list)
    # two sources that seem to hold the same orders, each as its name and the column of the shared number
    same_orders: list[tuple[tuple[str, str], tuple[str, str]]] = field(default_factory=list)

    def name_of(self, source: Source) -> str:
        """Return the name by which same_orders calls a source; empty if it does not."""
        name = _slug(source.sheets[0].path.stem.split(".")[0])
        names = {name for pair in self.same_orders for name, _ in pair}
        return name if source.table.label == _ORDERS and name in names else ""

    @property
    def lacks_main_table(self) -> bool:
        """Whether the folder has none of the main tables, of which a build needs at least one."""
        return all(table in self.absent for table in raw_tables() if table.is_main)

    @property
    def absent(self) -> list[RawTable]:
        """The raw tables for which the folder has no file."""
        there = {source.table.label for source in self.sources if not source.missing}
        there |= {table.label for use in self.adapters for table in use.adapter.selects}
        return [table for table in raw_tables() if table.label not in there]


def propose(folder: Path, timezone: str | None, currency: str | None) -> Proposal:
    """Return the proposal for a folder; `timezone` and `currency` are the user's options, None: to be guessed.

    Raises:
        InputError: there is no such folder, or nothing in it can be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder. Name the folder of your exports.")
    files = _files_below(folder)
    readable = [file for file in files if suffix_of(file)]
    if not readable:
        raise InputError(f"{folder}: holds no files that can be read ({READ}). Put your exports there.")
    sheets = [sheet for file in readable for sheet in sniff(file)]
    groups = _grouped(folder, sheets)
    kinds = [_kinds(group) for group in groups]
    hints = _hints(folder, groups, kinds, timezone, currency)
    proposal = Proposal(folder, hints, unread=[file for file in files if file not in set(readable)])
    of_tools: list[_ToolGroup] = []
    for sheet in sheets:
        if sheet.problem:
            # despite the problem, an adapter may be able to read the file
            tool = recognised(sheet.columns)
            if tool is not None:
                of_tools.append(_ToolGroup([sheet], [], tool))
            else:
                proposal.unknown.append((sheet, sheet.problem))
    for group, of_columns in zip(groups, kinds, strict=True):
        tool = recognised(group[0].columns)
        is_own = _is_of_contract(folder, group) or (tool and _is_better_alone(folder, group, of_columns, tool))
        if tool is not None and not is_own:
            of_tools.append(_ToolGroup(group, of_columns, tool))
        else:
            _add_source(proposal, group, of_columns)
    _add_adapters(proposal, of_tools)
    proposal.sources.sort(key=lambda source: (source.table.label, source.sheets[0].path))
    _prefix_colliding(proposal.sources)
    _prefix_beside_adapters(proposal)
    _find_same_orders(proposal)
    return proposal


def _is_of_contract(folder: Path, group: Sequence[Sheet]) -> bool:
    """Return whether files hold a raw table with the contract's column names, even if an adapter recognises them."""
    names = set(group[0].columns)
    return any(
        _usual_place(folder, group[0].path) == table.label or len(table.required_columns) > 2
        for table in raw_tables()
        if not _missing(table, list(names)) and set(table.key) <= names
    )


def _is_better_alone(folder: Path, group: list[Sheet], kinds: Sequence[Kind], tool: Recognised) -> bool:
    """Return whether files form a complete raw table with few of the adapter's columns: an export of another tool."""
    names = {plain(name) for name in group[0].columns}
    known = sum(plain(name) in names for name in tool.input.columns)
    if known >= len(tool.input.columns) / 2:
        return False
    source, _ = _source(folder, group, kinds)
    return source is not None and not source.missing and len(source.matches) > known


def _files_below(folder: Path) -> list[Path]:
    found = files_below(folder)
    own = {folder / FILE_NAME, folder / SETTINGS_FILE, folder / DEMO_MARK}
    # leave out notes and settings beside the exports
    return [path for path in found if path not in own and path.suffix.lower() not in (".md", ".yml", ".yaml")]


def _grouped(folder: Path, sheets: Sequence[Sheet]) -> list[list[Sheet]]:
    """Group files of one format: the same column names, reading options and file type."""
    groups: dict[object, list[Sheet]] = {}
    usual = {table.label for table in raw_tables()}
    for sheet in sheets:
        if sheet.problem:
            continue
        encoding = sheet.encoding.value if sheet.encoding else None
        delimiter = sheet.delimiter.value if sheet.delimiter else None
        place = _usual_place(folder, sheet.path)
        form = (
            tuple(sheet.columns), encoding, delimiter, sheet.header_row, sheet.sheet, place if place in usual else None
        )  # fmt: skip
        groups.setdefault(form, []).append(sheet)
    return list(groups.values())


def _usual_place(folder: Path, file: Path) -> str:
    """Return the label that a file's path would have as the usual place of a table, such as `crm/contacts`."""
    parts = file.relative_to(folder).parts
    if len(parts) < 2:
        return ""
    return f"{parts[0]}/{parts[1].split('.')[0]}"


def _kinds(group: Sequence[Sheet]) -> list[Kind]:
    """Return the kind of each column, by the values of all files of the group."""
    rows = sum(sheet.row_count for sheet in group)
    return [
        kind_of([text for sheet in group for text in sheet.values(number)], rows)
        for number in range(len(group[0].columns))
    ]


def _hints(
    folder: Path,
    groups: Sequence[Sequence[Sheet]],
    kinds: Sequence[Sequence[Kind]],
    timezone: str | None,
    currency: str | None,
) -> Hints:
    """Collect hints on the origin of the files: options, vars.yml, the language, currency signs, phone numbers."""
    settings = _existing_settings(folder)
    names = [name for group in groups for name in (*group[0].columns, *(sheet.path.stem for sheet in group))]
    currencies = Counter(
        kind.numbers.currency for of_columns in kinds for kind in of_columns if kind.numbers and kind.numbers.currency
    )
    for group, of_columns in zip(groups, kinds, strict=True):
        for name, kind in zip(group[0].columns, of_columns, strict=True):
            in_brackets = re.search(r"[(\[](VND|VNĐ|₫|đ|USD|EUR|GBP|AUD|SGD|THB|JPY)[)\]]", name)
            if in_brackets:
                currencies[{"VNĐ": "VND", "₫": "VND", "đ": "VND"}.get(in_brackets[1], in_brackets[1])] += 1
            if plain_name(name) in _names_of_currency() and len(kind.counts) == 1:
                currencies[kind.example.upper()] += 1
    phones = [kind.example for of_columns in kinds for kind in of_columns if kind.name == "phone"]
    seen = currencies.most_common(1)[0][0] if currencies else None
    home, why = _home(names, seen)
    zone = None
    if timezone:
        zone = Finding(timezone, True, "given by --timezone")
    elif settings.get("reporting_timezone"):
        zone = Finding(str(settings["reporting_timezone"]), False, f"reporting_timezone in {SETTINGS_FILE}")
    elif home:
        zone = Finding(home.timezone, False, why)
    money = None
    if currency:
        money = Finding(currency, True, "given by --currency")
    elif seen:
        money = Finding(seen, True, "the files say so")
    elif settings.get("reporting_currency"):
        money = Finding(str(settings["reporting_currency"]), False, f"reporting_currency in {SETTINGS_FILE}")
    elif home:
        money = Finding(home.currency, False, why)
    is_home = home is not None and (not phones or any(home.phones.match(phone) for phone in phones))
    country = Finding(home.country, False, why) if home and is_home else None
    return Hints(zone, money, country, settings.get("reporting_currency"))


def _home(names: Sequence[str], currency: str | None) -> tuple[_Home | None, str]:
    """Return the country that the names of columns and files, or the currency, point to, and the reason."""
    for home in _HOMES:
        if name := next((name for name in names if home.words.search(name)), None):
            return home, f"the names are {home.language} ({name})"
    for home in _HOMES:
        if home.has_own_currency and home.currency == currency:
            return home, f"the amounts are in {currency}"
    return None, ""


def _names_of_currency() -> set[str]:
    return set(vocabularies()["orders/orders"].columns["currency"])


def _existing_settings(folder: Path) -> Mapping[str, Any]:
    file = folder / SETTINGS_FILE
    if not file.is_file():
        return {}
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        # ignore the error here: the build reports it
        return {}
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class _Candidate:
    """A raw table that may fit the files: its score, and the part of the score from its columns."""

    score: float
    likeness: float
    called: float
    table: RawTable
    matches: list[Match]
    missing: list[str]


def _source(folder: Path, group: list[Sheet], kinds: Sequence[Kind]) -> tuple[Source | None, str]:
    """Return the raw table that fits a group of files, or None and the reason."""
    names = group[0].columns
    place = _usual_place(folder, group[0].path)
    candidates = []
    for label, vocabulary in vocabularies().items():
        matches = _matches(vocabulary, names, kinds)
        called = _called(vocabulary, folder, group)
        likeness = _score(vocabulary, matches)
        score = likeness + _CALLED * called + (100 if place == label else 0)
        missing = _missing(vocabulary.table, [match.column for match in matches])
        candidates.append(_Candidate(score, likeness, called, vocabulary.table, matches, missing))
    best = max(candidates, key=lambda candidate: candidate.score)
    if best.missing and place != best.table.label:
        # a list of invoices with their lines is often named after the lines, but is complete only as invoices
        least = max(best.likeness, _ENOUGH)
        whole = [one for one in candidates if not one.missing and one.called and one.likeness >= least]
        best = max(whole, key=lambda candidate: candidate.score, default=best)
    score, called, table, matches, missing = best.score, best.called, best.table, best.matches, best.missing
    required = len(table.required_columns) + len(table.one_of)
    is_near = score >= _ENOUGH and len(missing) <= required / 2
    # the names may each occur in many tables: together they make a table if nearly all are of it
    named = [match for match in matches if match.weight >= _SURE]
    is_near = is_near or (not missing and len(named) >= max(_FEW, _NEARLY_ALL * len(names)))
    # a build fails on a missing required column: propose such a table only if there is no doubt about it
    if place != table.label and not (is_near and (not missing or called == 1 or score >= 1.5 * _ENOUGH)):
        return None, _why_none(table, missing, score)
    taken = {match.theirs for match in matches}
    unknown = {name: kind for name, kind in zip(names, kinds, strict=True) if name and name not in taken}
    source = Source(table, group, matches, unknown, missing)
    source.is_sure = place == table.label or (not missing and (called == 1 or score >= 2 * _ENOUGH))
    for sheet in group:
        source.notes += [f"{_name(sheet)}: {note}" for note in sheet.notes]
    _note_lines_of_orders(source)
    return source, ""


def _why_none(table: RawTable, missing: Sequence[str], score: float) -> str:
    if score + _LACKING * len(missing) < _ENOUGH / 2:
        return "no raw table has columns like these"
    return (
        f"nearest to {table.label}, which also needs {', '.join(missing)}"
        if missing
        else f"too little like {table.label}"
    )


def _name(sheet: Sheet) -> str:
    return f"{sheet.path.name}, sheet {sheet.sheet}" if sheet.sheet else sheet.path.name


def _called(vocabulary: Vocabulary, folder: Path, group: Sequence[Sheet]) -> float:
    """Return how well the names of files, sheet or folder match the table's name, 0 to 1."""
    sheet = group[0]
    place = sheet.path.relative_to(folder)
    texts = [place.name.split(".")[0], *place.parts[:-1], sheet.sheet or ""]
    return max(vocabulary.called(text) for text in texts)


def _assigned(vocabulary: Vocabulary, names: Sequence[str], kinds: Sequence[Kind]) -> dict[str, tuple[int, float]]:
    """Assign at most one column of the file to each column of the contract: best names first, then file order."""
    plain = [plain_name(name) for name in names]
    pairs = [
        (-weight * _agreement(vocabulary.table.kind_of(column), kind), number, column)
        for column in vocabulary.table.all_columns
        for number, (name, kind) in enumerate(zip(plain, kinds, strict=True))
        if name and (weight := vocabulary.weight(column, name)) > 0
    ]
    order = {column: place for place, column in enumerate(vocabulary.table.all_columns)}
    assigned: dict[str, tuple[int, float]] = {}
    used: set[int] = set()
    for weight, number, column in sorted(pairs, key=lambda pair: (pair[0], order[pair[2]], pair[1])):
        if column not in assigned and number not in used and -weight >= 0.15:
            assigned[column] = number, -weight
            used.add(number)
    return assigned


def _agreement(wanted: str, kind: Kind) -> float:
    """Return how well a column's values fit the kind that the contract requires: 1, or less if they do not."""
    if kind.name == "blank":
        return 0.9
    if wanted in _AS_DATES:
        return 1.0 if kind.name == "date" else 0.5
    if wanted in _AS_NUMBERS:
        return 1.0 if kind.numbers is not None else 0.3
    if wanted == "email":
        return 1.0 if kind.name == "email" else 0.5
    if wanted == "phone":
        return 1.0 if kind.name in ("phone", "number") else 0.6
    if wanted in ("code", "currency", "boolean"):
        return 1.0 if kind.name in ("code", "text", "number") else 0.3
    # ids, labels and texts may be anything but dates
    return 0.3 if kind.name == "date" else 1.0


def _score(vocabulary: Vocabulary, matches: Sequence[Match]) -> float:
    """Return a table's score: the sum over matched names, weighted by their strength and the column's importance.

    A required column that is matched only by its values adds nothing, and counts as a quarter missing.
    """
    table = vocabulary.table
    in_groups = {column for group in table.one_of for column in group}
    score = 0.0
    for match in matches:
        needed = 3.0 if match.column in {*table.required_columns, *table.key} else 1.0
        importance = 2.0 if needed == 1.0 and match.column in in_groups else needed
        score += importance * match.weight * vocabulary.specificity(plain_name(match.theirs))
    by_values = sum(match.weight == 0 and match.column in table.required_columns for match in matches)
    return score - _LACKING * (len(_missing(table, [match.column for match in matches])) + by_values / 4)


def _missing(table: RawTable, columns: Sequence[str]) -> list[str]:
    missing = [name for name in table.required_columns if name not in columns]
    return missing + [" or ".join(group) for group in table.one_of if not set(group) & set(columns)]


def _matches(vocabulary: Vocabulary, names: Sequence[str], kinds: Sequence[Kind]) -> list[Match]:
    """Match the columns of a file with those of a table, by names and by values, and say how certain each match is."""
    assigned = _assigned(vocabulary, names, kinds)
    table = vocabulary.table
    matches = {}
    for column, (number, weight) in assigned.items():
        kind = kinds[number]
        wanted = table.kind_of(column)
        agreement = _agreement(wanted, kind)
        why = "by its name" if weight >= _SURE * agreement else "its name is like it"
        if kind.name == "blank":
            why += ", but it is blank in all rows"
        elif agreement < 1 and wanted in (*_AS_DATES, *_AS_NUMBERS, "email"):
            why += f", but its values are {_words(kind)}"
        elif kind.strays and wanted in (*_AS_DATES, *_AS_NUMBERS):
            why += f", but {kind.strays} of its distinct values cannot be read so"
        is_sure = weight >= _SURE * agreement and agreement >= 0.9 and not kind.strays
        others = [
            name
            for other, name in enumerate(names)
            if other != number
            and other not in {taken for taken, _ in assigned.values()}
            and vocabulary.weight(column, plain_name(name)) >= 0.3
            and _agreement(wanted, kinds[other]) == 1
            and kinds[other].name != "blank"
        ]
        if others and is_sure and vocabulary.weight(column, plain_name(others[0])) >= _SURE:
            is_sure, why = False, f"{why}; {', '.join(others[:3])} could be it as well"
        matches[column] = Match(column, names[number], is_sure, why, kind, weight)
    _match_by_values(vocabulary, names, kinds, matches)
    return [matches[column] for column in table.all_columns if column in matches]


def _words(kind: Kind) -> str:
    return {"text": "texts", "code": "a few codes", "number": "numbers", "phone": "phones", "email": "e-mails",
            "date": "dates", "blank": "blank"}[kind.name]  # fmt: skip


def _match_by_values(
    vocabulary: Vocabulary, names: Sequence[str], kinds: Sequence[Kind], matches: dict[str, Match]
) -> None:  # fmt: skip
    """Match columns by values where the name is no evidence: the only column of e-mails, phones, times or statuses."""
    table = vocabulary.table
    taken = {match.theirs for match in matches.values()}
    # skip the EL tool's own columns, such as the time at which it fetched the row
    free = [
        (name, kind)
        for name, kind in zip(names, kinds, strict=True)
        if name and name not in taken and not name.startswith("_")
    ]
    for column in table.columns:
        if column in matches:
            continue
        wanted, is_required = table.kind_of(column), column in table.required_columns
        if wanted in ("email", "phone") and column in ("email", "phone"):
            fitting = [pair for pair in free if pair[1].name == wanted]
        elif wanted in ("timestamp", "date") and is_required:
            fitting = [pair for pair in free if pair[1].name == "date"]
        elif wanted == "code" and is_required and seed_of(table.label, column):
            fitting = [pair for pair in free if _known_share(table.label, column, pair[1]) >= 0.5]
        elif wanted == "amount" and is_required:
            fitting = [pair for pair in free if pair[1].name == "number" and _is_money(pair[1])]
        else:
            continue
        if len(fitting) == 1:
            name, kind = fitting[0]
            matches[column] = Match(
                column, name, False, f"its values are {_words(kind)}, and no other column's are", kind
            )
            free.remove(fitting[0])


def _is_money(kind: Kind) -> bool:
    return kind.numbers is not None and bool(kind.numbers.decimal or kind.numbers.thousands or kind.numbers.currency)


def _known_share(label: str, column: str, kind: Kind) -> float:
    known = mapped_values(label, column)
    total = sum(kind.counts.values())
    return sum(count for value, count in kind.counts.items() if as_compared(value) in known) / total if total else 0.0


def _note_lines_of_orders(source: Source) -> None:
    """Add a note if the key of a table repeats, as in an export of orders with one row per line."""
    is_versioned = any(match.column == "updated_at" for match in source.matches)
    if source.table.adds_up or len(source.table.key) != 1 or is_versioned:
        return
    key = next((match for match in source.matches if match.column == source.table.key[0]), None)
    if key is None:
        return
    place = source.sheets[0].columns.index(key.theirs)
    texts = [text for sheet in source.sheets for text in sheet.values(place)]
    if rounded := next((text for text in texts if is_rounded(text)), None):
        source.notes.append(
            f"{key.theirs} was rounded by a spreadsheet, as {rounded}: different rows look the same. Format it as text "
            "there and save the file again"
        )
    if len(texts) - key.kind.distinct > 0.02 * len(texts):
        hint = ", or lines of it, which orders/order_items wants" if source.table.label == "orders/orders" else ""
        source.notes.append(
            f"{key.theirs} has {key.kind.distinct:,} values in {len(texts):,} rows: one row of each counts, "
            f"the others are taken for older versions of it{hint}"
        )


def _read(source: Source, hints: Hints) -> None:
    """Add the reading options of the files for mapping.yml, each with its reason."""
    sheet = source.sheets[0]
    reading = source.reading
    if sheet.encoding:
        reading["encoding"] = sheet.encoding, sheet.encoding.value
    if sheet.delimiter:
        reading["delimiter"] = sheet.delimiter, sheet.delimiter.value
    if sheet.sheet:
        reading["sheet"] = Finding(sheet.sheet, True, "the workbook has several"), sheet.sheet
    if sheet.header_row != 1:
        above = f"above it stands {sheet.title[:40]!r}" if sheet.title else "above it stands no row"
        reading["header_row"] = Finding(str(sheet.header_row), bool(sheet.title), above), sheet.header_row
    _read_numbers(source, [match for match in source.matches if source.table.kind_of(match.column) in _AS_NUMBERS])
    _read_dates(source, [match for match in source.matches if source.table.kind_of(match.column) in _AS_DATES], hints)
    named = {match.column for match in source.matches}
    # no currency is needed for refunds, which take that of their order, and for amounts in the reporting currency
    has_none = "currency" in source.table.columns and "currency" not in named and source.table.label != "orders/refunds"
    if has_none and hints.currency and hints.currency.value != hints.reporting_currency:
        source.constants["currency"] = hints.currency
    for match in source.matches:
        _compare_values(source, match)


def _read_numbers(source: Source, matches: Sequence[Match]) -> None:
    found = [
        match for match in matches if match.kind.numbers and match.kind.numbers.decimal + match.kind.numbers.thousands
    ]
    if not found:
        return
    # columns with certain separators first: they decide for the ambiguous ones
    found.sort(key=lambda match: not match.kind.numbers.is_sure if match.kind.numbers else True)
    numbers = found[0].kind.numbers
    assert numbers is not None
    against = [
        match for match in found
        if match.kind.numbers and match.kind.numbers.is_sure and match.kind.numbers.decimal != numbers.decimal
    ]  # fmt: skip
    is_sure = numbers.is_sure and not against
    if is_sure and (numbers.decimal, numbers.thousands) == (".", ""):
        # the notation of the contract needs no option
        return
    why = (
        f"{numbers.evidence} can be read in this way alone"
        if is_sure
        else f"{numbers.evidence} could be read otherwise"
    )
    if against:
        why = f"{found[0].theirs} has {numbers.evidence}, {against[0].theirs} {against[0].kind.example}: look at both"
    for word, sign in (("decimal", numbers.decimal), ("thousands", numbers.thousands)):
        if sign:
            source.reading[word] = Finding(sign, is_sure, why), sign


def _read_dates(source: Source, matches: Sequence[Match], hints: Hints) -> None:
    dated = [(match, match.kind.dates) for match in matches if match.kind.dates]
    since_1970 = next(
        (match for match in matches if is_epoch(match.kind.example) and match.kind.name == "number"), None
    )
    orders = {dates.order for _, dates in dated if dates.order}
    decided = orders.pop() if len(orders) == 1 else None
    formats: list[str] = []
    findings: list[Finding] = []
    for match, dates in dated:
        chosen, finding = _order_of(match, dates, decided, hints)
        formats += [text for text in chosen.formats if text not in formats]
        if chosen.formats:
            findings.append(finding)
    if since_1970 is not None:
        formats.append(EPOCH)
        why = f"{since_1970.theirs} has seconds or less since 1970, as {since_1970.kind.example}"
        findings.append(Finding("", False, why))
    if formats:
        doubtful = next((finding for finding in findings if not finding.is_sure), findings[0])
        source.reading["date_format"] = doubtful, formats[0] if len(formats) == 1 else formats
    local = next((match for match, dates in dated if dates.has_local_times and match.column.endswith("_at")), None)
    # columns with the contract's own names are taken to be in UTC, as in the contract
    is_utc = all(match.theirs == match.column for match in source.matches)
    is_given = hints.timezone is not None and hints.timezone.is_sure
    if local is not None and (is_given or not is_utc):
        source.reading["timezone"] = hints.timezone, hints.timezone.value if hints.timezone else None
    elif is_given and local is None and any(dates.has_times for _, dates in dated):
        source.notes.append("its times have offsets of their own: --timezone makes no difference to them")


def _order_of(match: Match, dates: Dates, decided: str | None, hints: Hints) -> tuple[Dates, Finding]:
    if dates.is_mixed:
        why = f"{match.theirs} has {dates.evidence}: two orders of day and month, what both fit is read as the first"
        return dates, Finding("", False, why)
    if dates.order is None:
        return dates, Finding("", True, f"{match.theirs}: {match.kind.example}")
    if dates.order:
        return dates, Finding("", True, f"{dates.evidence} can only be {dates.order}")
    if decided is not None:
        return with_order(dates, decided), Finding("", True, f"another column of the file is {decided}")
    is_american = not (hints.country or (hints.timezone and not hints.timezone.value.startswith("America"))) and any(
        "%p" in text for text in dates.formats
    )
    order = MONTH_FIRST if is_american else DAY_FIRST
    why = f"{dates.evidence} may be day first or month first, no value decides: {order} is taken"
    return with_order(dates, order), Finding("", False, why)


def _compare_values(source: Source, match: Match) -> None:
    """Compare the values of a column with its seed or with the contract's list."""
    label, counts = source.table.label, match.kind.counts
    names = known_values().get(f"{label}.{match.column}")
    if seed_of(label, match.column):
        known, likely = mapped_values(label, match.column), names or {}
        source.known_values[match.column] = [value for value in counts if as_compared(value) in known]
        unknown = {value: count for value, count in counts.items() if as_compared(value) not in known}
        if unknown:
            source.values[match.column] = {
                value: (likely.get(plain_name(value)), count) for value, count in unknown.items()
            }
        return
    if names is None:
        return
    ours = set(names.values())
    other = {
        value: (names.get(plain_name(value)), count)
        for value, count in counts.items()
        if as_compared(value) not in ours
    }
    if other:
        source.values[match.column] = other


@dataclass(frozen=True)
class _ToolGroup:
    """Files of one format that an adapter recognises; without kinds if only the adapter can read them as a table."""

    sheets: list[Sheet]
    kinds: Sequence[Kind]
    tool: Recognised


def _add_source(proposal: Proposal, group: list[Sheet], kinds: Sequence[Kind]) -> None:
    source, why = _source(proposal.folder, group, kinds)
    if source is None:
        proposal.unknown += [(sheet, why) for sheet in group]
        return
    _read(source, proposal.hints)
    source.notes += _unreadable(group, source)
    proposal.sources.append(source)


def _unreadable(group: Sequence[Sheet], source: Source) -> list[str]:
    """Return a note on each file that a build will refuse to read as proposed: sniffing is more lenient."""
    words = ("encoding", "delimiter", "sheet", "header_row")
    how = Reading(**{word: value for word, (_, value) in source.reading.items() if word in words})
    notes = []
    with duckdb.connect() as connection:
        for sheet in group:
            if sheet.path.stat().st_size > _MOST_TRIED:
                continue
            try:
                read_as_text(connection, sheet.path, how, "tried")
            except InputError as error:
                notes.append(f"a build stops at {str(error).removeprefix(f'{sheet.path.parent}/')}")
    return notes


def _add_adapters(proposal: Proposal, found: Sequence[_ToolGroup]) -> None:
    """Add one entry per export, or single files if the adapter cannot read them where they are."""
    for key, adapter in adapters().items():
        own = [group for group in found if group.tool.adapter == key]
        for folder, groups, prefix in _exports(proposal.folder, own):
            reading, is_uniform = _reading_of_export(groups)
            strange = _unreadable_beside(folder, groups, adapter, reading)
            if strange or not is_uniform:
                sources = [_source(proposal.folder, group.sheets, group.kinds)[0] for group in groups if group.kinds]
                if len(sources) == len(groups) and all(source and not source.missing for source in sources):
                    for group in groups:
                        _add_source(proposal, group.sheets, group.kinds)
                    continue
            files: dict[str, list[Sheet]] = {}
            for group in groups:
                files.setdefault(group.tool.input.name, []).extend(group.sheets)
            is_asked = adapter.timezone is None and (
                adapter.needs_timezone or any(_has_local_times(sheet) for sheets in files.values() for sheet in sheets)
            )
            use = AdapterUse(
                key, adapter, folder, files, is_asked, proposal.hints.timezone if is_asked else None, prefix
            )
            use.reading = reading
            if not is_uniform:
                use.notes.append(
                    "its files are saved in different ways: put each kind into a folder and an entry of its own"
                )
            use.notes += [
                f"{file.name} cannot be read and stops a build: move it out of the folder" for file in strange
            ]
            proposal.adapters.append(use)


def _exports(folder: Path, groups: Sequence[_ToolGroup]) -> list[tuple[Path, list[_ToolGroup], str]]:
    """Divide the files of a tool into exports: the folder of each, its files, and a prefix for its ids."""
    if not groups:
        return []
    by_folder: dict[Path, list[_ToolGroup]] = {}
    for group in groups:
        for place in dict.fromkeys(sheet.path.parent for sheet in group.sheets):
            sheets = [sheet for sheet in group.sheets if sheet.path.parent == place]
            by_folder.setdefault(place, []).append(_ToolGroup(sheets, group.kinds, group.tool))
    inputs = Counter(name for own in by_folder.values() for name in {group.tool.input.name for group in own})
    if len(by_folder) == 1 or max(inputs.values()) == 1:
        return [(_common(folder, list(by_folder)), list(groups), "")]
    # one input in two folders means two accounts of one tool: a prefix is needed, since their ids may collide
    return [(place, own, f"{_slug(place.name)}-") for place, own in by_folder.items()]


def _reading_of_export(groups: Sequence[_ToolGroup]) -> tuple[dict[str, Any], bool]:
    """Return the reading options of an export that differ from the adapter's, and whether all its files share them."""
    found: list[dict[str, Any]] = []
    for group in groups:
        how = group.tool.input.reading
        for sheet in group.sheets:
            words: dict[str, Any] = {}
            if sheet.encoding and not _is_same_encoding(sheet.encoding.value, how.encoding or "utf-8"):
                words["encoding"] = sheet.encoding.value
            if sheet.delimiter and sheet.delimiter.value != (how.delimiter or delimiter_of(sheet.path)):
                words["delimiter"] = sheet.delimiter.value
            if sheet.sheet is not None and sheet.sheet != how.sheet:
                words["sheet"] = sheet.sheet
            if sheet.header_row not in (1, how.header_row):
                words["header_row"] = sheet.header_row
            found.append(words)
    if any(words != found[0] for words in found):
        # delimiters may differ, because an adapter tries several
        found = [{word: value for word, value in words.items() if word != "delimiter"} for words in found]
    return found[0], all(words == found[0] for words in found)


def _is_same_encoding(one: str, other: str) -> bool:
    # an adapter reads valid UTF-8 as such, whatever its usual encoding is
    return one == "utf-8" or codecs.lookup(one) == codecs.lookup(other)


def _unreadable_beside(
    folder: Path, groups: Sequence[_ToolGroup], adapter: Adapter, reading: Mapping[str, Any]
) -> list[Path]:
    """Return the files in an export's folder that the adapter cannot read with any of its reading options."""
    own = {sheet.path for group in groups for sheet in group.sheets}
    how = Reading(**reading)
    found = []
    with duckdb.connect() as connection:
        for file in data_files_below(folder):
            if file in own or file.stat().st_size > _MOST_TRIED:
                continue
            ways = [how.over(one.reading) for one in adapter.inputs]
            if how.delimiter is None:
                # an adapter also tries the other delimiters
                ways += [replace(way, delimiter=sign) for way in ways for sign in DELIMITERS]
            for way in dict.fromkeys(ways):
                try:
                    read_as_text(connection, file, way, "tried", number_repeated=True)
                    break
                except InputError:
                    continue
            else:
                found.append(file)
    return found


def _has_local_times(sheet: Sheet) -> bool:
    kinds = (kind_of(sheet.values(number), sheet.row_count) for number in range(len(sheet.columns)))
    return any(kind.dates.has_local_times for kind in kinds if kind.dates)


def _common(folder: Path, places: Sequence[Path]) -> Path:
    common = places[0]
    while not all(place.is_relative_to(common) for place in places):
        common = common.parent
    return common if common.is_relative_to(folder) else folder


def _slug(text: str) -> str:
    return plain_name(text).replace(" ", "_")[:20]


def _prefix_colliding(sources: Sequence[Source]) -> None:
    """Propose an id prefix where sources of one table share ids, or have numeric ids that will collide some day."""
    by_table: dict[str, list[Source]] = {}
    for source in sources:
        by_table.setdefault(source.table.label, []).append(source)
    for several in by_table.values():
        ids = [_key_values(source) for source in several]
        for number, source in enumerate(several):
            if any(ids[number] & other for place, other in enumerate(ids) if place != number):
                source.id_prefix = f"{_slug(source.sheets[0].path.stem.split('.')[0])}-"


def _prefix_beside_adapters(proposal: Proposal) -> None:
    """Propose an id prefix for files whose ids also stand in a tool's export, unless they mean the same persons."""
    for source in proposal.sources:
        if source.table.label not in _WITH_OWN_IDS or source.missing or source.id_prefix:
            continue
        own = {match.column: match.theirs for match in source.matches}
        ids = _by_id(source.sheets, own[source.table.key[0]], own.get("email"))
        for use in proposal.adapters:
            if source.table not in use.adapter.selects:
                continue
            inputs = use.adapter.inputs_of(use.adapter.selects[source.table])
            sheets = [sheet for name in inputs for sheet in use.files.get(name, [])]
            columns = dict.fromkeys(name for sheet in sheets for name in sheet.columns if name)
            emails = {name for name in columns if _is_of_emails(sheets, name)}
            column = max(columns, key=lambda name: len(ids.keys() & _by_id(sheets, name, None).keys()), default="")
            theirs = _by_id(sheets, column, next((name for name in columns if name in emails), None))
            shared = ids.keys() & theirs.keys()
            if len(shared) < max(_SHARED_NUMBERS, len(ids) / 5):
                continue
            compared = [key for key in shared if ids[key] and theirs[key]]
            other = [key for key in compared if ids[key] != theirs[key]]
            if compared and len(other) <= len(compared) / 10:
                source.notes.append(
                    f"{len(shared)} of its ids also stand in {use.name} ({column}) with the same e-mails: they are "
                    "read as versions of the same rows, of which the one with the latest updated_at counts"
                )
                continue
            source.id_prefix = f"{_slug(source.sheets[0].path.stem.split('.')[0])}-"
            what = f", {len(other)} of them with another e-mail" if other else ""
            source.notes.append(
                f"{len(shared)} of its ids also stand in {use.name} ({column}){what}: a prefix keeps them apart. "
                "Persons are joined by e-mail and phone"
            )


def _by_id(sheets: Sequence[Sheet], column: str, email: str | None) -> dict[str, str]:
    """Return the ids in a column of files, each with the e-mail of its row; empty if there is none."""
    found = {}
    for sheet in sheets:
        if column not in sheet.columns:
            continue
        place = sheet.columns.index(column)
        other = sheet.columns.index(email) if email is not None and email in sheet.columns else None
        for row in sheet.rows:
            if row[place].strip():
                found[row[place].strip()] = row[other].strip().lower() if other is not None else ""
    return found


def _is_of_emails(sheets: Sequence[Sheet], column: str) -> bool:
    texts = [text for sheet in sheets if column in sheet.columns for text in sheet.values(sheet.columns.index(column))]
    return bool(texts) and kind_of(texts, len(texts)).name == "email"


@dataclass(frozen=True)
class _Numbers:
    """The columns of a source of orders that may hold numbers of orders: the values of each, as they are compared."""

    name: str
    # how same_records calls a column of it
    called: Mapping[str, str]
    columns: Mapping[str, set[str]]
    source: Source | None


def _find_same_orders(proposal: Proposal) -> None:
    """Find pairs of sources that share order numbers: their orders may count twice. Only their owner knows."""
    table = next(table for table in raw_tables() if table.label == _ORDERS)
    found = [_numbers_of(source) for source in proposal.sources if source.table is table and not source.missing]
    for use in proposal.adapters:
        if table in use.adapter.selects:
            has_number = RECORD_NUMBER in use.adapter.selects[table].read_text(encoding="utf-8")
            sheets = [
                sheet for name in use.adapter.inputs_of(use.adapter.selects[table]) for sheet in use.files.get(name, [])
            ]
            columns = _order_numbers(sheets, None)
            called = dict.fromkeys(columns, RECORD_NUMBER if has_number else "order_id")
            found.append(_Numbers(use.name, called, columns, None))
    for place, one in enumerate(found):
        for other in found[place + 1 :]:
            pairs = [
                (len(values & others), column, theirs)
                for column, values in one.columns.items()
                for theirs, others in other.columns.items()
            ]
            shared, column, theirs = max(pairs, default=(0, "", ""))
            if shared < _SHARED_NUMBERS:
                continue
            proposal.same_orders.append(((one.name, one.called[column]), (other.name, other.called[theirs])))
            for mine in (one, other):
                if mine.source is not None and not mine.source.id_prefix:
                    mine.source.id_prefix = f"{mine.name}-"
            if one.source is not None:
                one.source.notes.append(
                    f"{shared} of its order numbers ({column}) also stand in {other.name} ({theirs}): the same orders "
                    "would count twice. The lines same_records of mapping.yml say which source counts"
                )


def _numbers_of(source: Source) -> _Numbers:
    own = {match.theirs: match.column for match in source.matches}
    columns = _order_numbers(source.sheets, {name for name, column in own.items() if column != "order_id"})
    name = _slug(source.sheets[0].path.stem.split(".")[0])
    return _Numbers(name, {column: own.get(column, column) for column in columns}, columns, source)


def _order_numbers(sheets: Sequence[Sheet], others: set[str] | None) -> dict[str, set[str]]:
    """Return the columns that may hold numbers of orders, except `others`, which hold something else."""
    vocabulary = vocabularies()[_ORDERS]
    strange = [name for name in vocabulary.table.columns if name.endswith("_id") and name != "order_id"]
    strange += ["email", "phone", "total_amount"]
    found: dict[str, set[str]] = {}
    for sheet in sheets:
        for place, name in enumerate(sheet.columns):
            if not name or (others is not None and name in others):
                continue
            if others is None and any(vocabulary.weight(column, plain_name(name)) >= _SURE for column in strange):
                continue
            texts = sheet.values(place)
            numbers = {text.lstrip("#").lower() for text in texts if _ORDER_NUMBER.fullmatch(text)}
            # the number of an order is that of few rows
            if texts and 2 * len(numbers) >= len(set(texts)) >= len(texts) / _LINES:
                found.setdefault(name, set()).update(numbers)
    return found


def _key_values(source: Source) -> set[str]:
    if len(source.table.key) != 1:
        return set()
    key = next((match for match in source.matches if match.column == source.table.key[0]), None)
    if key is None:
        return set()
    place = source.sheets[0].columns.index(key.theirs)
    return {text for sheet in source.sheets for text in sheet.values(place)}


def files_word(proposal: Proposal, source: Source) -> list[str] | None:
    """Return patterns that match only the files of a source; None if the files are at the usual place."""
    paths = list(dict.fromkeys(sheet.path.relative_to(proposal.folder).as_posix() for sheet in source.sheets))
    others = [other for other in proposal.sources if other.table.label == source.table.label and other is not source]
    in_folder_of_tool = any(
        sheet.path.is_relative_to(use.folder) for use in proposal.adapters for sheet in source.sheets
    )
    is_usual = all(_usual_place(proposal.folder, sheet.path) == source.table.label for sheet in source.sheets)
    if is_usual and not others and not in_folder_of_tool:
        return None
    pattern = _pattern(paths) if len(paths) > 1 else None
    everything = {path.relative_to(proposal.folder).as_posix() for path in _files_below(proposal.folder)}
    if pattern and {path for path in everything if fits(path, pattern)} == set(paths):
        return [pattern]
    return paths


def _pattern(paths: Sequence[str]) -> str | None:
    """Return one pattern for files in one folder whose names differ only in the middle."""
    folders = {path.rpartition("/")[0] for path in paths}
    if len(folders) > 1:
        return None
    start = paths[0]
    while not all(path.startswith(start) for path in paths):
        start = start[:-1]
    end = paths[0][len(start) :]
    while not all(path[len(start) :].endswith(end) for path in paths):
        end = end[1:]
    # treat a number as a whole: 2025 and 2026 share digits only by chance
    start = re.sub(r"[0-9]+$", "", start)
    end = re.sub(r"^[0-9]+", "", end)
    return f"{start}*{end}" if len(start.rpartition("/")[2]) > 2 else None


def instead_of(column: str) -> str | None:
    """Return a constant for a required column that the export lacks; None if no constant is possible."""
    return _INSTEAD.get(column)
