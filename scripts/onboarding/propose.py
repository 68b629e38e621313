"""Proposes a mapping for the files of a folder: raw tables or tools, columns, and how certain each proposal is."""

from collections.abc import Sequence
from pathlib import Path

from customer_journey.contract import raw_tables
from customer_journey.errors import InputError
from customer_journey.raw.adapters import plain
from customer_journey.raw.raw_files import READ, is_archive, suffix_of

from onboarding.adapters import Recognised, recognised
from onboarding.exports import ToolGroup, add_adapters, add_orders_of_lines, add_source, leave_out_lines_beside_a_tool
from onboarding.match import missing_in, source_of, usual_place
from onboarding.origin import hints_of
from onboarding.patterns import exports_below
from onboarding.proposal import TEXTS, Proposal
from onboarding.shared_ids import find_same_orders, prefix_beside_adapters, prefix_colliding
from onboarding.sniff import Sheet, sniff
from onboarding.values import Kind, kind_of


def propose(folder: Path, timezone: str | None, currency: str | None) -> Proposal:
    """Return the proposal for a folder; `timezone` and `currency` are the user's options, None: to be guessed.

    Raises:
        InputError: there is no such folder, or nothing in it can be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder. Name the folder of your exports.")
    files = exports_below(folder)
    readable = [file for file in files if suffix_of(file)]
    if not readable:
        archives = ", ".join(file.name for file in files if is_archive(file))
        texts = ", ".join(file.name for file in files if file.suffix.lower() in TEXTS)
        remedy = f"Unpack {archives} there" if archives else "Put your exports there"
        remedy = f"Rename {texts} to end in .csv" if texts and not archives else remedy
        raise InputError(f"{folder}: holds no files that can be read ({READ}). {remedy}.")
    sheets = [sheet for file in readable for sheet in sniff(file)]
    groups = _grouped(folder, sheets)
    kinds = [_kinds(group) for group in groups]
    hints = hints_of(folder, sheets, groups, kinds, timezone, currency)
    proposal = Proposal(folder, hints, unread=[file for file in files if file not in set(readable)])
    of_tools: list[ToolGroup] = []
    for sheet in sheets:
        if sheet.problem:
            # despite the problem, an adapter may be able to read the file
            tool = recognised(sheet.columns)
            if tool is not None:
                of_tools.append(ToolGroup([sheet], [], tool))
            else:
                proposal.unknown.append((sheet, sheet.problem))
    for group, of_columns in zip(groups, kinds, strict=True):
        tool = recognised(group[0].columns)
        is_own = _is_of_contract(folder, group) or (tool and _is_better_alone(folder, group, of_columns, tool))
        if tool is not None and not is_own:
            of_tools.append(ToolGroup(group, of_columns, tool))
        else:
            add_source(proposal, group, of_columns)
    add_adapters(proposal, of_tools)
    leave_out_lines_beside_a_tool(proposal)
    add_orders_of_lines(proposal)
    proposal.sources.sort(key=lambda source: (source.table.label, source.sheets[0].path))
    prefix_colliding(proposal.sources)
    prefix_beside_adapters(proposal)
    find_same_orders(proposal)
    return proposal


def _is_of_contract(folder: Path, group: Sequence[Sheet]) -> bool:
    """Return whether files hold a raw table with the contract's column names, even if an adapter recognises them."""
    names = set(group[0].columns)
    return any(
        usual_place(folder, group[0].path) == table.label or len(table.required_columns) > 2
        for table in raw_tables()
        if not missing_in(table, list(names)) and set(table.key) <= names
    )


def _is_better_alone(folder: Path, group: list[Sheet], kinds: Sequence[Kind], tool: Recognised) -> bool:
    """Return whether files form a complete raw table with few of the adapter's columns: an export of another tool."""
    names = {plain(name) for name in group[0].columns}
    known = sum(plain(name) in names for name in tool.input.columns)
    if known >= len(tool.input.columns) / 2:
        return False
    source, _ = source_of(folder, group, kinds)
    return source is not None and not source.missing and len(source.matches) > known


def _grouped(folder: Path, sheets: Sequence[Sheet]) -> list[list[Sheet]]:
    """Group files of one format: the same column names, reading options and file type."""
    groups: dict[object, list[Sheet]] = {}
    usual = {table.label for table in raw_tables()}
    for sheet in sheets:
        if sheet.problem:
            continue
        encoding = sheet.encoding.value if sheet.encoding else None
        delimiter = sheet.delimiter.value if sheet.delimiter else None
        place = usual_place(folder, sheet.path)
        form = (
            tuple(sheet.columns), encoding, delimiter, sheet.header_row, sheet.sheet, place if place in usual else None
        )  # fmt: skip
        groups.setdefault(form, []).append(sheet)
    return list(groups.values())


def _kinds(group: Sequence[Sheet]) -> list[Kind]:
    """Return the kind of each column, by the values of all files of the group."""
    rows = sum(sheet.row_count for sheet in group)
    return [
        kind_of([text for sheet in group for text in sheet.values(number)], rows)
        for number in range(len(group[0].columns))
    ]
