"""Adapters turn the export of a tool into raw tables, with one SELECT for each raw table.

`adapters/<tool>/adapter.yml` names the inputs of an export and how each is recognised, `<source>/<table>.sql` is the
SELECT of that raw table, `values/<name>.csv` maps the tool's values to ours. adapters/README.md is the reference.
"""

import contextlib
import csv
import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import yaml

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError, exhausted_resource, first_line
from customer_journey.paths import PROJECT
from customer_journey.raw.broken_lines import BrokenLine
from customer_journey.raw.file_columns import Column, as_text
from customer_journey.raw.mapping import RECORD_NUMBER, AdapterUse, Reading, did_you_mean, reading_of
from customer_journey.raw.notation import in_contract
from customer_journey.raw.raw_files import data_files_below, is_text
from customer_journey.raw.tabular import is_utf_8, read_as_text
from customer_journey.warehouse import quoted, quoted_name

FOLDER = PROJECT / "adapters"
DESCRIPTION = "adapter.yml"


@dataclass(frozen=True)
class Input:
    """A kind of file, or a table of an EL tool, that the SELECTs of an adapter read under this name."""

    name: str
    description: str
    # columns that identify it, and columns that exclude it; compared without case
    recognised_by: tuple[str, ...]
    not_with: tuple[str, ...]
    table_names: tuple[str, ...]
    columns: tuple[str, ...]
    reading: Reading

    def matches(self, names: Sequence[str]) -> bool:
        """Return whether a file with these columns is this input."""
        there = {plain(name) for name in names}
        return (
            bool(self.recognised_by)
            and all(plain(name) in there for name in self.recognised_by)
            and not any(plain(name) in there for name in self.not_with)
        )


@dataclass(frozen=True)
class Adapter:
    """An adapter, as read from its folder."""

    folder: Path
    name: str
    timezone: str | None
    needs_timezone: bool
    variables: Mapping[str, str | None]
    inputs: tuple[Input, ...]
    # views that several SELECTs read: each is run once, in the order of their names
    views: tuple[Path, ...]
    # by raw table
    selects: Mapping[RawTable, Path]

    def fingerprint(self) -> str:
        """Return a digest of the adapter's files, which changes whenever its result may change."""
        files = [file for file in sorted(self.folder.rglob("*")) if file.suffix in (".yml", ".sql", ".csv")]
        digest = hashlib.sha256()
        for file in [*files, FOLDER / "macros.sql"]:
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def inputs_of(self, select: Path) -> set[str]:
        """Return the names of the inputs that a SELECT reads, directly and through views."""
        texts, words = [select], set[str]()
        while texts:
            code = re.sub(r"--[^\n]*", "", texts.pop().read_text(encoding="utf-8"))
            found = set(re.findall(r"\w+", code)) - words
            words |= found
            texts += [view for view in self.views if view.stem in found]
        return {one.name for one in self.inputs} & words

    def input_of(self, names: Sequence[str]) -> Input | None:
        """Return the input that a file with these columns is; if several match, the one with the most columns."""
        found = [one for one in self.inputs if one.matches(names)]
        return max(found, key=lambda one: len(one.recognised_by), default=None)


def known_adapters() -> dict[str, Path]:
    """Return the folder of each adapter of the project by the tool's name."""
    return {file.parent.name: file.parent for file in sorted(FOLDER.glob(f"*/{DESCRIPTION}"))}


def adapter_of(where: str, use: AdapterUse, raw: Path) -> Adapter:
    """Return the adapter that a mapping names: one of the project, or one in a folder under `raw`.

    Raises:
        InputError: there is no such adapter, or its folder cannot be used.
    """
    known = known_adapters()
    folder = known.get(use.adapter, raw / use.adapter)
    if not (folder / DESCRIPTION).is_file():
        raise InputError(
            f"{where}: there is no adapter {use.adapter}{did_you_mean(use.adapter, known)} To use an adapter of your "
            f"own, put its folder into {raw} and write the folder's name here (adapters/README.md)."
        )
    return load_adapter(folder)


@cache
def load_adapter(folder: Path) -> Adapter:
    """Return the adapter in a folder.

    Raises:
        InputError: one of its files is not as adapters/README.md describes.
    """
    file = folder / DESCRIPTION
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8"))
        inputs = tuple(_input(file, name, one) for name, one in given["inputs"].items())
        tables = {table.label: table for table in raw_tables()}
        selects = {}
        views = tuple(sorted((folder / "views").glob("*.sql")))
        for select in sorted(set(folder.glob("*/*.sql")) - set(views)):
            label = f"{select.parent.name}/{select.stem}"
            if label not in tables:
                raise InputError(f"{select}: there is no raw table {label}{did_you_mean(label, tables)}")
            selects[tables[label]] = select
        return Adapter(
            folder,
            str(given["name"]),
            given.get("timezone"),
            bool(given.get("needs_timezone", False)),
            {name: None if value is None else str(value) for name, value in (given.get("variables") or {}).items()},
            inputs,
            views,
            selects,
        )
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError, OSError) as error:
        said = first_line(error)
        if isinstance(error, KeyError):
            said = f"it lacks the key {error.args[0]}"
        elif isinstance(error, TypeError | AttributeError):
            said = "a part of it is not of the form `key: value`"
        raise InputError(
            f"{file}: is not a valid description of an adapter ({said}). Correct it: adapters/README.md describes its "
            "keys."
        ) from error


def _input(file: Path, name: str, given: Mapping[str, Any]) -> Input:
    for word in ("recognised_by", "not_with", "table_names", "columns"):
        if any(not isinstance(value, str) for value in given.get(word) or ()):
            raise InputError(
                f"{file}: {name}: {word}: holds a name that YAML reads as a number, yes or no. Put names such as No "
                "between quotation marks."
            )
    return Input(
        name,
        str(given.get("description", "")),
        tuple(given.get("recognised_by") or ()),
        tuple(given.get("not_with") or ()),
        tuple(given.get("table_names") or ()),
        tuple(given.get("columns") or ()),
        reading_of(f"{file}: {name}", given.get("reading") or {}),
    )


def plain(name: str) -> str:
    """Return a column name normalized for comparison: lower case, trimmed, Unicode NFC."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def export_files(use: AdapterUse, raw: Path, where: str) -> list[Path]:
    """Return the files of the export that a mapping names.

    Raises:
        InputError: the folder does not exist, or holds no data file.
    """
    assert use.folder is not None
    folder = raw / use.folder
    if not folder.is_dir():
        raise InputError(f"{where}: there is no folder {folder}. Put the export there, or remove the entry.")
    files = data_files_below(folder)
    if not files:
        raise InputError(f"{where}: {folder} holds no export. Put its files there, or remove the entry.")
    return files


def run_selects(
    connection: duckdb.DuckDBPyConnection,
    adapter: Adapter,
    use: AdapterUse,
    files: Sequence[Path],
    where: str,
    raw: Path,
    into: str,
) -> "Made":
    """Read an export and run every SELECT of the adapter on it, each into the temporary table `<into>_<table>`.

    `files` are those of the export, none where the mapping names a schema.
    The columns of these tables are those of the contract that the SELECT names, as text. `where` begins each error.

    Raises:
        InputError: the export cannot be read, or a SELECT of the adapter fails on it.
    """
    zone = use.reading.timezone or adapter.timezone
    if adapter.needs_timezone and zone is None:
        raise InputError(
            f"{where}: {adapter.name} writes local times. Add their time zone in mapping.yml, for example "
            "`timezone: Europe/Paris`."
        )
    if unknown := sorted(set(use.variables) - set(adapter.variables)):
        raise InputError(
            f"{where}: variables: the adapter has no variable {unknown[0]}"
            f"{did_you_mean(unknown[0], adapter.variables) if adapter.variables else '. Remove `variables`.'}"
        )
    read: dict[str, list[tuple[str, int]]] = {one.name: [] for one in adapter.inputs}
    unread: dict[str, InputError | None] = {}
    broken: list[tuple[Part, str]] = []
    parts: dict[str, list[str]] = {one.name: [] for one in adapter.inputs}
    before = _temporary(connection)
    connection.execute((FOLDER / "macros.sql").read_text(encoding="utf-8"))
    for part in read_export(connection, adapter, use, files, where, raw, into):
        one, label = part.found, part.label
        if not isinstance(one, Input):
            unread[label] = one
            continue
        row = connection.execute(f"select count(*) from {part.relation}").fetchone()
        read[one.name].append((label, row[0] if row else 0))
        if part.broken:
            broken.append((part, one.name))
        there = {plain(column): column for column in part.columns}
        texts = [
            f"{in_contract(quoted_name(there[plain(column)]), use.reading)} as {quoted_name(column)}"
            if plain(column) in there
            else f"cast(null as varchar) as {quoted_name(column)}"
            for column in one.columns
        ]
        parts[one.name].append(f"select {', '.join(texts)}, '{quoted(label)}' as _file, _row from {part.relation}")
    for one in adapter.inputs:
        empty = ", ".join(f"cast(null as varchar) as {quoted_name(column)}" for column in one.columns)
        rows = " union all ".join(parts[one.name]) or (
            f"select {empty}, cast(null as varchar) as _file, cast(null as bigint) as _row where false"
        )
        connection.execute(f"create or replace temp view {quoted_name(one.name)} as {rows}")
    for file in sorted((adapter.folder / "values").glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as stream:
            pairs = [(line["theirs"], line["ours"]) for line in csv.DictReader(stream)]
        connection.execute(f"create or replace temp table {quoted_name(file.stem)} (theirs varchar, ours varchar)")
        if pairs:
            connection.executemany(f"insert into {quoted_name(file.stem)} values (?, ?)", pairs)
    for name, value in {**adapter.variables, **use.variables, "timezone": zone}.items():
        connection.execute(f"set variable {name} = {_literal(value)}")
    tables = {}
    for view in adapter.views:
        _run(connection, where, adapter, view, quoted_name(view.stem))
    for table, select in adapter.selects.items():
        made = f"{into}_{table.source}_{table.name}"
        _run(connection, where, adapter, select, made)
        names = connection.table(made).columns
        if strange := [name for name in names if name not in (*table.all_columns, RECORD_NUMBER)]:
            raise InputError(
                f"{select}: {table.label} has no column {strange[0]}{did_you_mean(strange[0], table.all_columns)}"
            )
        tables[table] = made
    # free the space, and the names: the next adapter may use the same ones
    for name, kind in _temporary(connection).items():
        if name not in before and name not in tables.values():
            connection.execute(f"drop {kind} {quoted_name(name)}")
    return Made(tables, read, unread, broken)


def _literal(value: str | None) -> str:
    return "null" if value is None else f"'{quoted(value)}'"


def _temporary(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the names of the connection's temporary tables and views; views, which read tables, come first."""
    rows = connection.execute(
        "select view_name, 'view' from duckdb_views() where temporary and not internal"
        " union all select table_name, 'table' from duckdb_tables() where temporary order by 2 desc, 1"
    ).fetchall()
    return dict(rows)


def _run(connection: duckdb.DuckDBPyConnection, where: str, adapter: Adapter, select: Path, into: str) -> None:
    """Run a SELECT of the adapter into a temporary table."""
    try:
        # refused rows are reported by row number, so the order must be the same in every run
        connection.execute(
            f"create or replace temp table {into} as from ({select.read_text(encoding='utf-8')}\n) order by all"
        )
    except duckdb.Error as error:
        if exhausted_resource(error):
            raise
        if isinstance(error, duckdb.InvalidInputException) and (said := first_line(error)).endswith("."):
            # the adapter itself says what it needs, by error() of DuckDB
            raise InputError(f"{where}: {said.removeprefix('Invalid Input Error: ')}") from error
        raise InputError(
            f"{where}: {select.relative_to(adapter.folder.parent)} fails on this export ({first_line(error)}). "
            "Correct the SELECT, or the export."
        ) from error


@dataclass(frozen=True)
class Made:
    """The result of an adapter: one temporary table for each raw table, the files it read, and those it could not."""

    tables: Mapping[RawTable, str]
    # by input, the label and rows of each file
    read: Mapping[str, Sequence[tuple[str, int]]]
    # files that match no input of the adapter; with the error, if the file could not be read at all
    unread: Mapping[str, InputError | None]
    # the files with broken lines, and the input of each
    broken: Sequence[tuple["Part", str]]

    def rows_for(self, inputs: Collection[str]) -> int:
        """Return the number of rows of the export in these inputs."""
        return sum(rows for name, files in self.read.items() if name in inputs for _, rows in files)


class Part(NamedTuple):
    """A file or table of an export, read into a temporary table."""

    label: str
    relation: str
    columns: Sequence[str]
    # the input that it matched: None if it matched none, the error if it could not be read at all
    found: Input | InputError | None
    broken: Sequence[BrokenLine] = ()


def read_export(
    connection: duckdb.DuckDBPyConnection,
    adapter: Adapter,
    use: AdapterUse,
    files: Sequence[Path],
    where: str,
    raw: Path,
    into: str,
) -> list[Part]:
    """Read each file or table of an export into a temporary table."""
    if use.schema is not None:
        return _parts_of_schema(connection, adapter, use.schema, where, into)
    parts: list[Part] = []
    for number, file in enumerate(files):
        name = f"{into}_part_{number}"
        label = file.relative_to(raw).as_posix()
        readings = _readings(adapter, use, file)
        one, columns, broken = None, [], list[BrokenLine]()
        problem: InputError | None = None
        for how in dict.fromkeys([*readings.values(), *_other_separators(use, readings.values(), file)]):
            broken = []
            try:
                columns = read_as_text(
                    connection, file, how, name, number_repeated=True, keeps_lines=True, broken=broken
                )
            except InputError as error:
                problem = problem or error
                continue
            one = adapter.input_of(columns)
            if one is None:
                continue
            if readings[one.name] != how and how in readings.values():
                # read it with that input's own options, unless the file differs from its usual form, for example
                # because it was saved without the title line
                with contextlib.suppress(InputError):
                    lines: list[BrokenLine] = []
                    own = read_as_text(
                        connection,
                        file,
                        readings[one.name],
                        f"{name}_own",
                        number_repeated=True,
                        keeps_lines=True,
                        broken=lines,
                    )
                    if adapter.input_of(own) == one:
                        name, columns, broken = f"{name}_own", own, lines
            break
        parts.append(Part(label, name, columns, one or (None if columns else problem), broken))
    return parts


def _readings(adapter: Adapter, use: AdapterUse, file: Path) -> dict[str, Reading]:
    """Return the options to read a file with for each input: the mapping's first, then the adapter's.

    An adapter's encoding is the tool's usual one. A file that is valid UTF-8 is read as UTF-8 anyway, because another
    encoding such as Latin-1 would silently change its letters.
    """
    readings = {one.name: use.reading.over(one.reading) for one in adapter.inputs}
    if use.reading.encoding is None and any(how.encoding for how in readings.values()) and is_utf_8(file):
        return {name: replace(how, encoding=None) for name, how in readings.items()}
    return readings


def _other_separators(use: AdapterUse, readings: Iterable[Reading], file: Path) -> list[Reading]:
    """Return the same options with other separators: in some countries Excel saves a CSV with `;`.

    This is not a guess: a separator is used only if the columns then match an input.
    """
    if use.reading.delimiter is not None or not is_text(file):
        return []
    return [replace(how, delimiter=sign) for how in dict.fromkeys(readings) for sign in (";", "\t", ",")]


def _parts_of_schema(
    connection: duckdb.DuckDBPyConnection, adapter: Adapter, schema: str, where: str, into: str
) -> list[Part]:
    described = connection.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_catalog = current_database() and table_schema = ? order by table_name, ordinal_position",
        [schema],
    ).fetchall()
    if not described:
        raise InputError(
            f"{where}: the warehouse has no schema {schema}. Run the EL tool first, or correct the name of the schema."
        )
    tables: dict[str, list[Column]] = {}
    for table, column, data_type in described:
        tables.setdefault(table, []).append(Column(column, data_type))
    parts: list[Part] = []
    for number, (table, columns) in enumerate(sorted(tables.items())):
        one = next((one for one in adapter.inputs if table.lower() in one.table_names), None)
        if one is None:
            continue
        name = f"{into}_part_{number}"
        texts = ", ".join(f"{as_text(column, keeps_lines=True)} as {quoted_name(column.name)}" for column in columns)
        connection.execute(
            f"create or replace temp table {name} as select {texts}, row_number() over () as _row"
            f" from {quoted_name(schema)}.{quoted_name(table)}"
        )
        parts.append(Part(f"{schema}.{table}", name, [column.name for column in columns], one))
    return parts
