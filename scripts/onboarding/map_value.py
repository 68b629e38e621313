"""Adding the meaning of a value to mapping.yml, as text, so that comments and order are kept."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError
from customer_journey.raw.mapping import FILE_NAME, did_you_mean, read_mapping

from onboarding.judge import is_of_files
from onboarding.names import known_values
from onboarding.seeds import as_compared, mapped_values, seed_of
from onboarding.write import ASKED_BELOW, scalar

_HEAD = "# What values mean: written by `journey map-value`.\n"


def add_value(folder: Path, label: str, column: str, theirs: str, ours: str) -> tuple[Path, str]:
    """Write `values: {column: {theirs: ours}}` of a table to FOLDER/mapping.yml; return the file and `wrote` or `kept`.

    Raises:
        InputError: there is no such table, column or meaning, an adapter makes the table, or the file has a form that
            cannot be extended.
    """
    table = _table(label)
    if column not in table.all_columns:
        raise InputError(f"{label} has no column {column}{did_you_mean(column, table.all_columns)}")
    ours = _meaning(table, column, ours)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder. Name the folder of your exports.")
    file = folder / FILE_NAME
    before = read_mapping(folder)
    entries = [entry for entry in before.tables if entry.label == label]
    if not entries and before.adapters and not is_of_files(folder, table):
        names = ", ".join(use.adapter for use in before.adapters)
        raise InputError(
            f"{file}: {label} comes from an adapter ({names}), not from a file. Add the row {theirs.lower()},{ours} "
            f"to seeds/{seed_of(label, column) or '…'}.csv, or to the values of the adapter."
        )
    text = file.read_text(encoding="utf-8-sig") if file.is_file() else ""
    old = [entry.values.get(column, {}).get(theirs) for entry in entries]
    if old and all(value == ours for value in old):
        return file, "kept "
    after = _with_value(text, label, len(entries), column, theirs, ours)
    _check(file, text, after, label, column, theirs, ours)
    # remove the suggested command for this value, which is now done
    file.write_text(_without_asked(after, label, column, theirs), encoding="utf-8")
    return file, "wrote"


def _table(label: str) -> RawTable:
    tables = {table.label: table for table in raw_tables()}
    if label not in tables:
        raise InputError(f"there is no raw table {label}{did_you_mean(label, tables)}")
    return tables[label]


def _meaning(table: RawTable, column: str, ours: str) -> str:
    """Return the meaning as a seed or the contract spells it.

    If a seed maps the column, the result is a value in the seed: the given one, or the first with the given meaning.

    Raises:
        InputError: neither the seed nor the contract has this meaning.
    """
    if seed_of(table.label, column):
        known = mapped_values(table.label, column)
        raw = as_compared(ours)
        if raw in known:
            return raw
        if raw in known.values():
            return next(value for value, meaning in known.items() if meaning == raw)
        seed = f"seeds/{seed_of(table.label, column)}.csv"
        raise InputError(f"{ours!r} is not in {seed}{did_you_mean(ours, set(known.values()))}")
    values = known_values().get(f"{table.label}.{column}")
    if values is not None and as_compared(ours) not in set(values.values()):
        raise InputError(f"{ours!r} is not a {column} of {table.label}{did_you_mean(ours, set(values.values()))}")
    return as_compared(ours) if values is not None else ours


def _with_value(text: str, label: str, entries: int, column: str, theirs: str, ours: str) -> str:
    """Return the text of mapping.yml with the value in every entry of the table."""
    lines = text.splitlines()
    pair = f"{scalar(theirs)}: {scalar(ours)}"
    start = _line_of(lines, rf"^(?P<indent>\s+)(?P<name>{re.escape(label)}|\"{re.escape(label)}\"):\s*(#.*)?$")
    if not entries or start is None:
        return _with_new_entry(lines, label, column, pair)
    end = _end_of(lines, start, _indent(lines[start]))
    first = next((number for number in range(start + 1, end) if _is_content(lines[number])), None)
    if first is None:
        raise InputError(f"{FILE_NAME}: the entry {label} is empty. Write the value there by hand: {pair}")
    # the last first, so that the numbers of the lines above stay
    is_list = lines[first].lstrip().startswith("- ")
    starts = [first]
    if is_list:
        own = _indent(lines[first])
        starts = [
            number for number in range(first, end) if _is_content(lines[number]) and _indent(lines[number]) == own
        ]
    for place, begin in reversed(list(enumerate(starts))):
        stop = starts[place + 1] if place + 1 < len(starts) else end
        indent = _indent(lines[begin]) + (2 if is_list else 0)
        _add_to_entry(lines, begin, stop, indent, column, pair, theirs)
    return "\n".join(lines) + "\n"


def _add_to_entry(lines: list[str], begin: int, stop: int, indent: int, column: str, pair: str, theirs: str) -> None:
    """Add a value to the entry between two lines, whose keys have this indent."""
    pad = " " * indent
    values = _line_of(lines, r"^[\s-]*values:\s*(#.*)?$", begin, stop, indent)
    if values is None:
        if _line_of(lines, r"^[\s-]*values:", begin, stop, indent) is not None:
            raise InputError(f"{FILE_NAME}: `values: {{…}}` is on one line. Write the value there by hand: {pair}")
        last = max(number for number in range(begin, stop) if _is_content(lines[number]))
        lines[last + 1 : last + 1] = [f"{pad}values:", f"{pad}  {column}:", f"{pad}    {pair}"]
        return
    values_end = _end_of(lines, values, indent, stop)
    inside = next((number for number in range(values + 1, values_end) if _is_content(lines[number])), None)
    step = _indent(lines[inside]) if inside is not None else indent + 2
    of_column = _line_of(lines, rf"^\s*{re.escape(column)}:\s*(#.*)?$", values + 1, values_end, step)
    if of_column is None:
        if _line_of(lines, rf"^\s*{re.escape(column)}:", values + 1, values_end, step) is not None:
            raise InputError(f"{FILE_NAME}: `{column}: {{…}}` is on one line. Write the value there by hand: {pair}")
        lines[values + 1 : values + 1] = [f"{' ' * step}{column}:", f"{' ' * (step + 2)}{pair}"]
        return
    column_end = _end_of(lines, of_column, step, values_end)
    for number in range(of_column + 1, column_end):
        if _is_content(lines[number]) and theirs in (yaml.safe_load(lines[number].strip()) or {}):
            # replace the previous meaning
            lines[number] = f"{' ' * _indent(lines[number])}{pair}"
            return
    inside = next((number for number in range(of_column + 1, column_end) if _is_content(lines[number])), None)
    deeper = _indent(lines[inside]) if inside is not None else step + 2
    lines.insert(of_column + 1, f"{' ' * deeper}{pair}")


def _with_new_entry(lines: list[str], label: str, column: str, pair: str) -> str:
    """Return the text with a new entry for a table whose file needs no other mapping."""
    entry = [f"  {label}:", "    values:", f"      {column}:", f"        {pair}"]
    tables = _line_of(lines, r"^tables:\s*(\{\s*\})?\s*(#.*)?$")
    if tables is None:
        return "\n".join([*([*lines, ""] if lines else [_HEAD.rstrip()]), "tables:", *entry]) + "\n"
    lines[tables : tables + 1] = ["tables:", *entry]
    return "\n".join(lines) + "\n"


def _check(file: Path, before: str, after: str, label: str, column: str, theirs: str, ours: str) -> None:
    """Check that the new text holds exactly the old entries and the new value.

    Raises:
        InputError: it does not.
    """
    try:
        wanted: dict[str, Any] = yaml.safe_load(before) or {}
        tables = wanted["tables"] = wanted.get("tables") or {}
        found = tables.setdefault(label, {})
        for entry in found if isinstance(found, list) else [found]:
            entry.setdefault("values", {}).setdefault(column, {})[theirs] = ours
        is_so = yaml.safe_load(after) == wanted
    except (yaml.YAMLError, TypeError, AttributeError):
        is_so = False
    if not is_so:
        line = f"values: {{{column}: {{{scalar(theirs)}: {scalar(ours)}}}}}"
        raise InputError(
            f"{file}: has a form that cannot be extended automatically. Write this by hand, under {label}: {line}"
        )


def _without_asked(text: str, label: str, column: str, theirs: str) -> str:
    """Return the text without the comment that asks to map this value, and without its heading after the last one."""
    asked = f"journey map-value DIR {label} {column} {json.dumps(theirs, ensure_ascii=False)} ???"
    lines = [line for line in text.splitlines() if asked not in line]
    head = re.compile(rf"\s*# {column}: .*{re.escape(ASKED_BELOW)}$")
    kept = [
        line
        for number, line in enumerate(lines)
        if not head.fullmatch(line) or "journey map-value DIR" in "".join(lines[number + 1 : number + 2])
    ]
    return "\n".join(kept) + "\n"


def _line_of(
    lines: list[str], pattern: str, start: int = 0, stop: int | None = None, indent: int | None = None
) -> int | None:  # fmt: skip
    """Return the number of the first line that matches the pattern and, if given, has its key at this indent."""
    for number in range(start, len(lines) if stop is None else stop):
        at = len(lines[number]) - len(lines[number].lstrip(" -"))
        if re.match(pattern, lines[number]) and (indent is None or at == indent):
            return number
    return None


def _end_of(lines: list[str], start: int, indent: int, stop: int | None = None) -> int:
    """Return the number of the first line after the block that begins at `start` with its key at this indent."""
    last = len(lines) if stop is None else stop
    for number in range(start + 1, last):
        if _is_content(lines[number]) and _indent(lines[number]) <= indent:
            return number
    return last


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
