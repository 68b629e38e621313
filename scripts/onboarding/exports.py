"""Divides the files of tools into exports, each with the adapter that reads it."""

import codecs
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
from customer_journey.errors import InputError
from customer_journey.raw.adapters import Adapter
from customer_journey.raw.mapping import Reading
from customer_journey.raw.raw_files import data_files_below, delimiter_of
from customer_journey.raw.tabular import read_as_text

from onboarding.adapters import Recognised, adapters
from onboarding.guests import find_guests
from onboarding.how_read import propose_reading
from onboarding.match import lines_of, source_of
from onboarding.no_records import leave_out_no_records
from onboarding.proposal import ITEMS, ORDERS, AdapterUse, Proposal, Source, slug_of
from onboarding.sales_lists import (
    assume_status,
    leave_out_payments,
    orders_of_lines,
    price_of_line,
    refunds_among,
    sum_lines,
    take_whole_units,
    tell_places_apart,
    total_of_parts,
)
from onboarding.sniff import DELIMITERS, Sheet
from onboarding.values import Kind, kind_of
from onboarding.versions import find_file_date

# The size up to which files beside an export are test-read.
_MOST_TRIED = 64 * 2**20


@dataclass(frozen=True)
class ToolGroup:
    """Files of one format that an adapter recognises; without kinds if only the adapter can read them as a table."""

    sheets: list[Sheet]
    kinds: Sequence[Kind]
    tool: Recognised


def add_source(proposal: Proposal, group: list[Sheet], kinds: Sequence[Kind]) -> None:
    """Add files as a source of a raw table; as unknown files if they resemble none."""
    source, why = source_of(proposal.folder, group, kinds)
    if source is None:
        proposal.unknown += [(sheet, why) for sheet in group]
        return
    leave_out_no_records(source)
    take_whole_units(source)
    if source.table.label == ORDERS:
        tell_places_apart(source)
        total_of_parts(source)
        sum_lines(source)
    price_of_line(source)
    sources = [source]
    if (source.one_row_per or source.summed_per) and (lines := lines_of(source, group, kinds)):
        price_of_line(lines, source)
        sources += [] if lines.missing else [lines]
    sources += _with_refunds(source, sources[1:])
    for one in sources:
        find_file_date(one)
        propose_reading(one, proposal.hints)
        find_guests(one)
    source.notes += _unreadable(group, source)
    proposal.sources += sources


def leave_out_lines_beside_a_tool(proposal: Proposal) -> None:
    """Leave out files that may be lines of orders, beside a tool whose adapter makes the orders: invoices' lines, say.

    Their order ids would be unknown, and so many refused rows stop a build.
    """
    for use in proposal.adapters:
        if not any(table.label == ORDERS for table in use.adapter.selects):
            continue
        of_orders = [source.sheets for source in proposal.sources if source.table.label == ORDERS]
        for source in list(proposal.sources):
            is_beside = all(sheet.path.is_relative_to(use.folder) for sheet in source.sheets)
            if source.table.label == ITEMS and not source.is_sure and is_beside and source.sheets not in of_orders:
                proposal.sources.remove(source)
                why = f"may be lines of orders, but {use.adapter.name} gives the orders: map it if they are of these"
                proposal.unknown += [(sheet, why) for sheet in source.sheets]


def add_orders_of_lines(proposal: Proposal) -> None:
    """Add the orders that lists of lines make, where the folder has no orders."""
    if not any(table.label == ORDERS for table in proposal.absent):
        return
    for items in [source for source in proposal.sources if source.table.label == ITEMS and not source.missing]:
        kinds = [items.kinds[name] for name in items.sheets[0].columns]
        orders = orders_of_lines(items, kinds)
        if orders is not None:
            price_of_line(items, orders)
            for one in [orders, *_with_refunds(orders, [items])]:
                propose_reading(one, proposal.hints)
                proposal.sources.append(one)


def _with_refunds(source: Source, lines: Sequence[Source]) -> list[Source]:
    """Return the refunds among the sales of a source, if there are any; assume what its status is if it has none."""
    if source.table.label != ORDERS:
        return []
    assume_status(source)
    leave_out_payments(source)
    refunds = refunds_among(source)
    for items in lines:
        items.refund_rows, items.left_out_rows = source.refund_rows, source.left_out_rows
    return [refunds] if refunds is not None else []


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
                # a build refuses broken lines one by one, and journey check names them
                read_as_text(connection, sheet.path, how, "tried", broken=[])
            except InputError as error:
                notes.append(f"a build stops at {str(error).removeprefix(f'{sheet.path.parent}/')}")
    return notes


def add_adapters(proposal: Proposal, found: Sequence[ToolGroup]) -> None:
    """Add one entry per export, or single files if the adapter cannot read them where they are."""
    for key, adapter in adapters().items():
        own = [group for group in found if group.tool.adapter == key]
        for folder, groups, prefix in _exports(proposal.folder, own):
            reading, is_uniform = _reading_of_export(groups)
            strange = _unreadable_beside(folder, groups, adapter, reading)
            if strange or not is_uniform:
                sources = [source_of(proposal.folder, group.sheets, group.kinds)[0] for group in groups if group.kinds]
                if len(sources) == len(groups) and all(source and not source.missing for source in sources):
                    for group in groups:
                        add_source(proposal, group.sheets, group.kinds)
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


def _exports(folder: Path, groups: Sequence[ToolGroup]) -> list[tuple[Path, list[ToolGroup], str]]:
    """Divide the files of a tool into exports: the folder of each, its files, and a prefix for its ids."""
    if not groups:
        return []
    by_folder: dict[Path, list[ToolGroup]] = {}
    for group in groups:
        for place in dict.fromkeys(sheet.path.parent for sheet in group.sheets):
            sheets = [sheet for sheet in group.sheets if sheet.path.parent == place]
            by_folder.setdefault(place, []).append(ToolGroup(sheets, group.kinds, group.tool))
    inputs = Counter(name for own in by_folder.values() for name in {group.tool.input.name for group in own})
    if len(by_folder) == 1 or max(inputs.values()) == 1:
        return [(_common(folder, list(by_folder)), list(groups), "")]
    # one input in two folders means two accounts of one tool: a prefix is needed, since their ids may collide
    return [(place, own, f"{slug_of(place.name)}-") for place, own in by_folder.items()]


def _reading_of_export(groups: Sequence[ToolGroup]) -> tuple[dict[str, Any], bool]:
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
    folder: Path, groups: Sequence[ToolGroup], adapter: Adapter, reading: Mapping[str, Any]
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
