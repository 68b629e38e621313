"""Finds the raw table that files hold, and the column of the contract that each of their columns is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from customer_journey.contract import RawTable

from onboarding.names import Vocabulary, parts_of_names, plain_name, scale_of, vocabularies
from onboarding.proposal import DEALS, EVENTS, ITEMS, ORDERS, Match, Source
from onboarding.seeds import as_compared, mapped_values, seed_of
from onboarding.sniff import Sheet
from onboarding.surveys import RESPONSES, name_survey, of_answers, question_in
from onboarding.values import Kind, is_rounded, kind_of

# A match by name with at least this weight is certain if the values agree.
SURE = 0.7
# The least score to propose a table: a matching name adds to it, missing required columns lower it.
_ENOUGH = 3.5
_CALLED = 5.0
# how well names of persons fit the number of an order, which a column called Name may hold too
_NO_NUMBER = 0.3
# how well a blank column fits one that every row must fill: any other that has values and a fitting name fits better
_ALL_BLANK = 0.3
# how well the name of a file must at least match that of a table to decide between two tables
_PARTLY = 0.2
_LACKING = 2.0
AS_DATES = ("timestamp", "planned_timestamp", "date", "planned_date")
AS_NUMBERS = ("amount", "rate", "number", "integer")
# names of columns with a time of day
_TIMES = ("time", "time of day", "uhrzeit", "zeit", "gio", "heure", "hora", "ora")
_PERCENT = {
    "percent",
    "percentage",
    "pct",
    "prozent",
    "pourcent",
    "pourcentage",
    "porcentaje",
    "porcentagem",
    "percentuale",
}
# the least number of columns of a file for which names that occur in many tables are enough, if nearly all match
_FEW = 4
_NEARLY_ALL = 0.8


def usual_place(folder: Path, file: Path) -> str:
    """Return the label that a file's path would have as the usual place of a table, such as `crm/contacts`."""
    parts = file.relative_to(folder).parts
    if len(parts) < 2:
        return ""
    return f"{parts[0]}/{parts[1].split('.')[0]}"


@dataclass(frozen=True)
class _Candidate:
    """A raw table that may fit the files: its score, and the part of the score from its columns."""

    score: float
    likeness: float
    called: float
    table: RawTable
    matches: list[Match]
    missing: list[str]


def source_of(folder: Path, group: list[Sheet], kinds: Sequence[Kind]) -> tuple[Source | None, str]:
    """Return the raw table that fits a group of files, or None and the reason."""
    names = group[0].columns
    place = usual_place(folder, group[0].path)
    candidates = []
    question = question_in(names, kinds)
    for label, vocabulary in vocabularies().items():
        matches = matches_of(vocabulary, names, kinds)
        if label == RESPONSES:
            matches = of_answers(matches, question, dict(zip(names, kinds, strict=True)))
        called = _called(vocabulary, folder, group)
        likeness = _score(vocabulary, matches)
        score = likeness + _CALLED * called + (100 if place == label else 0)
        missing = missing_in(vocabulary.table, [match.column for match in matches])
        if label == RESPONSES and question is not None:
            # the question says what the survey is
            missing = [column for column in missing if column != "survey_type"]
            score += _ENOUGH
        candidates.append(_Candidate(score, likeness, called, vocabulary.table, matches, missing))
    best = max(map(_with_addresses_as_ids, candidates), key=lambda candidate: candidate.score)
    if best.missing and place != best.table.label:
        # a list of invoices with their lines is often named after the lines, but is complete only as invoices
        least = max(best.likeness, _ENOUGH)
        whole = [
            one
            for one in candidates
            if not one.missing and one.called and (one.likeness >= least or one.called > max(best.called, _PARTLY))
        ]
        best = max(whole, key=lambda candidate: candidate.score, default=best)
    score, called, table, matches, missing = best.score, best.called, best.table, best.matches, best.missing
    required = len(table.required_columns) + len(table.one_of)
    # a list of invoices without a status: of a shop that takes the money at once, or that has paid ones alone
    called = 1.0 if missing == ["status"] and _has_order(matches) else called
    is_numbered = "line_number" in missing and table.label == ITEMS
    missing = [column for column in missing if column != "line_number" or not is_numbered]
    is_near = score >= _ENOUGH and len(missing) <= required / 2
    # the names may each occur in many tables: together they make a table if nearly all are of it
    named = [match for match in matches if match.weight >= SURE]
    is_near = is_near or (not missing and len(named) >= max(_FEW, _NEARLY_ALL * len(names)))
    # a build fails on a missing required column: propose such a table only if there is no doubt about it
    if place != table.label and not (is_near and (not missing or called == 1 or score >= 1.5 * _ENOUGH)):
        return None, _why_none(table, missing, score)
    taken = {match.theirs for match in matches}
    unknown = {name: kind for name, kind in zip(names, kinds, strict=True) if name and name not in taken}
    source = Source(table, group, matches, unknown, missing, dict(zip(names, kinds, strict=True)))
    _join_names_of_persons(source)
    _join_id_of_events(source)
    if table.label == RESPONSES and question is not None:
        name_survey(source, question)
    source.notes += [
        f"{name} is left out: its amounts are negative, and a build refuses those"
        for name, kind in unknown.items()
        if kind.numbers and kind.numbers.is_negative and _is_called_one_of(vocabularies()[table.label], name)
    ]
    source.numbered_per = "order_id" if is_numbered else ""
    source.is_sure = place == table.label or (not missing and (called == 1 or score >= 2 * _ENOUGH))
    find_times(source)
    for sheet in group:
        source.notes += [f"{_name(sheet)}: {note}" for note in sheet.notes]
    _note_lines_of_orders(source)
    return source, ""


def _join_names_of_persons(source: Source) -> None:
    """Take the first and the last name, if they stand in two columns, for the full name."""
    own = next((match for match in source.matches if match.column == "full_name"), None)
    free = [*source.unknown, *([own.theirs] if own is not None else [])]
    if "full_name" not in source.table.columns:
        return
    for first, last, is_family_first in parts_of_names(free):
        if own is not None and own.theirs not in (first, last):
            return
        names = (last, first) if is_family_first else (first, last)
        match = Match(
            "full_name",
            names[0],
            True,
            "the parts of the name have a column each",
            source.kinds[names[0]],
            SURE,
            names[1:],
        )
        source.matches = [one for one in source.matches if one is not own]
        place = sum(
            source.table.all_columns.index(one.column) < source.table.all_columns.index("full_name")
            for one in source.matches
        )
        source.matches.insert(place, match)
        for name in names:
            source.unknown.pop(name, None)
        return


def _join_id_of_events(source: Source) -> None:
    """Take visitor, time and event together for the id of an event, as logs and trackers without ids have none."""
    own = {match.column: match for match in source.matches}
    if source.table.label != EVENTS or source.missing != ["event_id"]:
        return
    first, *others = [
        own[name].theirs for name in ("anonymous_id", "occurred_at", "event_name", "page_url") if name in own
    ]
    why = "no column has ids: what has all of these alike is one event"
    source.matches.insert(0, Match("event_id", first, False, why, source.kinds[first], 0.0, tuple(others)))
    source.missing = []


def find_times(source: Source) -> None:
    """Find the time of day of a column of days in a column of its own, as tills write it: Date and Time."""
    for place, match in enumerate(source.matches):
        dates = match.kind.dates
        if dates is None or dates.has_times or not source.table.kind_of(match.column).endswith("timestamp"):
            continue
        day = plain_name(match.theirs)
        wanted = {*_TIMES, *(" ".join([*day.split()[:-1], word]) for word in _TIMES)}
        theirs = next((name for name in source.unknown if plain_name(name) in wanted), None)
        if theirs is None:
            continue
        texts = [
            f"{row[sheet.columns.index(match.theirs)].strip()} {row[sheet.columns.index(theirs)].strip()}".strip()
            for sheet in source.sheets
            for row in sheet.rows
        ]
        kind = kind_of([text for text in texts if text], len(texts))
        if kind.dates is not None and kind.dates.has_times:
            source.times[match.column] = theirs
            source.matches[place] = replace(match, kind=kind)
            del source.unknown[theirs]


def _is_called_one_of(vocabulary: Vocabulary, name: str) -> bool:
    """Return whether a name is that of an amount of the table."""
    amounts = [column for column in vocabulary.table.columns if vocabulary.table.kind_of(column) == "amount"]
    return any(vocabulary.weight(column, plain_name(name)) >= SURE for column in amounts)


def _with_addresses_as_ids(candidate: _Candidate) -> _Candidate:
    """Return a list of contacts that has no ids, as newsletters have none, with the e-mail addresses as ids."""
    email = next((match for match in candidate.matches if match.column == "email" and match.weight), None)
    is_list = candidate.table.label == "crm/contacts" and candidate.called and email is not None
    if not is_list or "contact_id" not in candidate.missing or email is None or email.kind.name != "email":
        return candidate
    match = Match("contact_id", email.theirs, False, "no column has ids, so the address stands for one", email.kind)
    missing = [column for column in candidate.missing if column != "contact_id"]
    return replace(candidate, matches=[match, *candidate.matches], missing=missing, score=candidate.score + _LACKING)


def _has_order(matches: Sequence[Match]) -> bool:
    """Return whether the number, the time and the total of orders are known by their names."""
    named = {match.column for match in matches if match.weight >= SURE and match.kind.name != "blank"}
    return {"order_id", "ordered_at", "total_amount"} <= named


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
    plain = [
        scale_of(name)[0] if kind.numbers is not None else plain_name(name)
        for name, kind in zip(names, kinds, strict=True)
    ]
    # an id or a time that is blank in many rows is that of something else
    needed = {*vocabulary.table.required_columns, *vocabulary.table.key}
    pairs = [
        (
            -weight
            * _agreement(vocabulary.table.kind_of(column), kind)
            * (_NO_NUMBER if column == "order_id" and not any(map(str.isdigit, kind.example)) else 1)
            * (1 if column not in needed else _ALL_BLANK if kind.name == "blank" else 1 - kind.blank_share),
            number,
            column,
        )
        for column in vocabulary.table.all_columns
        for number, (name, kind) in enumerate(zip(plain, kinds, strict=True))
        if not (vocabulary.table.kind_of(column) == "amount" and is_percentage(names[number]))
        and name
        and (weight := vocabulary.weight(column, name)) > 0
        and _may_be(vocabulary.table, column, kind)
    ]
    order = {column: place for place, column in enumerate(vocabulary.table.all_columns)}
    assigned: dict[str, tuple[int, float]] = {}
    used: set[int] = set()
    for weight, number, column in sorted(pairs, key=lambda pair: (pair[0], order[pair[2]], pair[1])):
        if column not in assigned and number not in used and -weight >= 0.15:
            assigned[column] = number, -weight
            used.add(number)
    return assigned


def is_percentage(name: str) -> bool:
    """Return whether the name of a column says that it holds shares of another amount: Discount (%)."""
    return "%" in name or bool(_PERCENT & set(plain_name(name).split()))


def _may_be(table: RawTable, column: str, kind: Kind) -> bool:
    """Return whether values can be those of a column: texts, and only negative ones, are no amount that is optional."""
    if column == "line_number" and kind.example.replace(" ", "").isalpha():
        # the name of what was bought
        return False
    is_number = table.kind_of(column) in AS_NUMBERS
    if not is_number or column in table.required_columns or kind.name == "blank":
        return True
    return kind.numbers is not None and not kind.numbers.is_negative


def _agreement(wanted: str, kind: Kind) -> float:
    """Return how well a column's values fit the kind that the contract requires: 1, or less if they do not."""
    if kind.name == "blank":
        return 0.9
    if wanted in AS_DATES:
        return 1.0 if kind.name == "date" else 0.5
    if wanted in AS_NUMBERS:
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
    return score - _LACKING * (len(missing_in(table, [match.column for match in matches])) + by_values / 4)


def missing_in(table: RawTable, columns: Sequence[str]) -> list[str]:
    """Return the required columns of a table that are not among these."""
    missing = [name for name in table.required_columns if name not in columns]
    return missing + [" or ".join(group) for group in table.one_of if not set(group) & set(columns)]


def matches_of(vocabulary: Vocabulary, names: Sequence[str], kinds: Sequence[Kind]) -> list[Match]:
    """Match the columns of a file with those of a table, by names and by values, and say how certain each match is."""
    assigned = _assigned(vocabulary, names, kinds)
    table = vocabulary.table
    matches = {}
    for column, (number, weight) in assigned.items():
        kind = kinds[number]
        if kind.name == "blank" and column == "status" and table.label == ORDERS:
            # as good as none: one status can stand for all rows
            continue
        wanted = table.kind_of(column)
        agreement = _agreement(wanted, kind)
        why = "by its name" if weight >= SURE * agreement else "its name is like it"
        if kind.name == "blank":
            why += ", but it is blank in all rows"
        elif agreement < 1 and wanted in (*AS_DATES, *AS_NUMBERS, "email"):
            why += f", but its values are {_words(kind)}"
        elif kind.strays and wanted in (*AS_DATES, *AS_NUMBERS):
            why += f", but {kind.strays} of its distinct values cannot be read so"
        is_sure = weight >= SURE * agreement and agreement >= 0.9 and not kind.strays
        others = [
            name
            for other, name in enumerate(names)
            if other != number
            and other not in {taken for taken, _ in assigned.values()}
            and vocabulary.weight(column, plain_name(name)) >= 0.3
            and _agreement(wanted, kinds[other]) == 1
            and kinds[other].name != "blank"
        ]
        if others and is_sure and vocabulary.weight(column, plain_name(others[0])) >= SURE:
            is_sure, why = False, f"{why}; {', '.join(others[:3])} could be it as well"
        matches[column] = Match(column, names[number], is_sure, why, kind, weight)
    _match_by_values(vocabulary, names, kinds, matches)
    if table.label == DEALS and "status" not in matches and (stage := matches.get("deal_stage")) and stage.kind.counts:
        why = "no other column says which deals are won or lost"
        matches["status"] = Match("status", stage.theirs, False, why, stage.kind)
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


def _has_rows_of_lines(source: Source, key: int) -> bool:
    """Return whether the further rows of an order lack what every order must have, as rows of its lines do."""
    required = [match.theirs for match in source.matches if match.column in ("ordered_at", "status", "total_amount")]
    further = lacking = 0
    for sheet in source.sheets:
        places = [sheet.columns.index(name) for name in required]
        seen: set[str] = set()
        for row in sheet.rows:
            if row[key].strip() in seen:
                further += 1
                lacking += any(not row[place].strip() for place in places)
            seen.add(row[key].strip())
    return further > 0 and 2 * lacking > further


def lines_of(source: Source, group: list[Sheet], kinds: Sequence[Kind]) -> Source | None:
    """Return the lines of orders in files with a row for each of them; None if they name no product and price."""
    vocabulary = vocabularies()["orders/order_items"]
    matches = matches_of(vocabulary, group[0].columns, kinds)
    missing = missing_in(vocabulary.table, [match.column for match in matches])
    if not set(missing) <= {"line_number", "unit_price"}:
        return None
    taken = {match.theirs for match in [*matches, *source.matches]}
    unknown = {name: kind for name, kind in zip(group[0].columns, kinds, strict=True) if name and name not in taken}
    lacking = [column for column in missing if column != "line_number"]
    lines = Source(
        vocabulary.table,
        group,
        matches,
        unknown,
        lacking,
        dict(zip(group[0].columns, kinds, strict=True)),
        is_sure=False,
    )
    lines.numbered_per = "order_id" if "line_number" in missing else ""
    return lines


def _note_lines_of_orders(source: Source) -> None:
    """Add a note if the key of a table repeats, as in an export of orders with one row per line."""
    is_versioned = any(match.column == "updated_at" for match in source.matches)
    if source.table.adds_up or len(source.table.key) != 1 or is_versioned:
        return
    key = next((match for match in source.matches if match.column == source.table.key[0]), None)
    if key is None:
        return
    place = source.sheets[0].columns.index(key.theirs)
    by_file = [sheet.values(place) for sheet in source.sheets]
    texts = [text for of_file in by_file for text in of_file]
    if rounded := next((text for text in texts if is_rounded(text)), None):
        source.notes.append(
            f"{key.theirs} was rounded by a spreadsheet, as {rounded}: different rows look the same. Format it as text "
            "there and save the file again"
        )
    if source.table.label == ORDERS and _has_rows_of_lines(source, place):
        source.one_row_per = key.column
        source.notes.append(
            f"{key.theirs} has {key.kind.distinct:,} values in {len(texts):,} rows, most of the others without amount: "
            "they have a row for each line, so that the first of each is taken for the order"
        )
    # rows that stand in several files as well are another matter: see versions.py
    elif sum(len(of_file) - len(set(of_file)) for of_file in by_file) > 0.02 * len(texts):
        hint = ", or lines of it, which orders/order_items wants" if source.table.label == "orders/orders" else ""
        source.notes.append(
            f"{key.theirs} has {key.kind.distinct:,} values in {len(texts):,} rows: one row of each counts, "
            f"the others are taken for older versions of it{hint}"
        )
