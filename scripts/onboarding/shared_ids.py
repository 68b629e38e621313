"""Finds ids that two sources share: rows that would count as versions of one another, orders that would count twice."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from customer_journey.contract import raw_tables
from customer_journey.raw.mapping import RECORD_NUMBER

from onboarding.match import SURE
from onboarding.names import plain_name, vocabularies
from onboarding.proposal import ORDERS, Proposal, Source, slug_of
from onboarding.sniff import Sheet
from onboarding.values import kind_of

# the form of an order number, the least number of shared ones, and the most rows per order on average
_ORDER_NUMBER = re.compile(r"#?[A-Za-z]{0,8}[-_]?[0-9][0-9A-Za-z_-]{2,}")
_SHARED_NUMBERS = 5
# tables whose ids each system assigns itself; ids of products and orders may be shared on purpose
_WITH_OWN_IDS = ("crm/contacts", "crm/companies", "crm/deals", "crm/tickets")
_LINES = 5
_END_OF_PHONE = 9


def prefix_colliding(sources: Sequence[Source]) -> None:
    """Propose an id prefix where sources of one table share ids, or have numeric ids that will collide some day."""
    by_table: dict[str, list[Source]] = {}
    for source in sources:
        by_table.setdefault(source.table.label, []).append(source)
    for several in by_table.values():
        ids = [_key_values(source) for source in several]
        for number, source in enumerate(several):
            if any(ids[number] & other for place, other in enumerate(ids) if place != number):
                source.id_prefix = f"{slug_of(source.sheets[0].path.stem.split('.')[0])}-"


def prefix_beside_adapters(proposal: Proposal) -> None:
    """Propose an id prefix for files whose ids also stand in a tool's export, unless they mean the same persons."""
    for source in proposal.sources:
        if source.table.label not in _WITH_OWN_IDS or source.missing or source.id_prefix:
            continue
        own = {match.column: match.theirs for match in source.matches}
        own_id = own[source.table.key[0]]
        ids = _by_id(source.sheets, own_id, own.get("email"), own.get("phone"))
        for use in proposal.adapters:
            if source.table not in use.adapter.selects:
                continue
            inputs = use.adapter.inputs_of(use.adapter.selects[source.table])
            sheets = [sheet for name in inputs for sheet in use.files.get(name, [])]
            columns = dict.fromkeys(name for sheet in sheets for name in sheet.columns if name)
            column = max(columns, key=lambda name: len(ids.keys() & _by_id(sheets, name).keys()), default="")
            email, phone = (_column_of(sheets, columns, kind) for kind in ("email", "phone"))
            theirs = _by_id(sheets, column, email, phone)
            shared = ids.keys() & theirs.keys()
            if len(shared) < max(_SHARED_NUMBERS, len(ids) / 5):
                continue
            pairs = [
                (one, other)
                for key in shared
                for one, other in zip(ids[key], theirs[key], strict=True)
                if one and other
            ]
            differ = [pair for pair in pairs if pair[0] != pair[1]]
            # the same name of the column in files that say nothing else: a till's customers and its invoices
            is_same = len(differ) <= len(pairs) / 10 if pairs else plain_name(column) == plain_name(own_id)
            if is_same:
                what = "with the same e-mails and phones" if pairs else "under the same name"
                source.notes.append(
                    f"{len(shared)} of its ids also stand in {use.name} ({column}) {what}: they are read as the same, "
                    "and of two rows the one with the latest updated_at counts"
                )
                continue
            source.id_prefix = f"{slug_of(source.sheets[0].path.stem.split('.')[0])}-"
            what = f", {len(differ)} of them with another e-mail or phone" if differ else ""
            source.notes.append(
                f"{len(shared)} of its ids also stand in {use.name} ({column}){what}: a prefix keeps them apart. "
                "Persons are joined by e-mail and phone"
            )


def _by_id(
    sheets: Sequence[Sheet], column: str, email: str | None = None, phone: str | None = None
) -> dict[str, tuple[str, str]]:
    """Return the ids in a column of files, each with the e-mail and the end of the phone of its row, if it has them."""
    found: dict[str, tuple[str, str]] = {}
    for sheet in sheets:
        if column not in sheet.columns:
            continue
        place = sheet.columns.index(column)
        others = [sheet.columns.index(name) if name in sheet.columns else None for name in (email, phone)]
        for row in sheet.rows:
            address, number = (row[other].strip().lower() if other is not None else "" for other in others)
            if row[place].strip():
                # phones are written with and without the code of the country
                found[row[place].strip()] = address, re.sub("[^0-9]", "", number)[-_END_OF_PHONE:]
    return found


def _column_of(sheets: Sequence[Sheet], columns: Iterable[str], kind: str) -> str | None:
    """Return the first of the columns whose values are of a kind."""
    for column in columns:
        texts = [text for one in sheets if column in one.columns for text in one.values(one.columns.index(column))]
        if texts and kind_of(texts, len(texts)).name == kind:
            return column
    return None


@dataclass(frozen=True)
class _Numbers:
    """The columns of a source of orders that may hold numbers of orders: the values of each, as they are compared."""

    name: str
    # the name of a column in same_records
    called: Mapping[str, str]
    columns: Mapping[str, set[str]]
    source: Source | None


def find_same_orders(proposal: Proposal) -> None:
    """Find pairs of sources that share order numbers: their orders may count twice. Only their owner knows."""
    table = next(table for table in raw_tables() if table.label == ORDERS)
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
    name = slug_of(source.sheets[0].path.stem.split(".")[0])
    return _Numbers(name, {column: own.get(column, column) for column in columns}, columns, source)


def _order_numbers(sheets: Sequence[Sheet], others: set[str] | None) -> dict[str, set[str]]:
    """Return the columns that may hold numbers of orders, except `others`, which hold something else."""
    vocabulary = vocabularies()[ORDERS]
    strange = [name for name in vocabulary.table.columns if name.endswith("_id") and name != "order_id"]
    strange += ["email", "phone", "total_amount"]
    found: dict[str, set[str]] = {}
    for sheet in sheets:
        for place, name in enumerate(sheet.columns):
            if not name or (others is not None and name in others):
                continue
            if others is None and any(vocabulary.weight(column, plain_name(name)) >= SURE for column in strange):
                continue
            texts = sheet.values(place)
            numbers = {text.lstrip("#").lower() for text in texts if _ORDER_NUMBER.fullmatch(text)}
            # an order number occurs in few rows
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
