"""The contents of a raw folder: files at their usual place, files that mapping.yml names, and exports of tools."""

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError
from customer_journey.paths import PROJECT
from customer_journey.raw.adapters import Adapter, adapter_of, export_files, plain, run_selects
from customer_journey.raw.broken_lines import BrokenLine
from customer_journey.raw.file_columns import Column, is_nameless
from customer_journey.raw.file_dates import date_in_name
from customer_journey.raw.formulas import Formula
from customer_journey.raw.mapping import (
    BUDDHIST,
    DAYS,
    NUMBERS,
    RECORD_NUMBER,
    TIMES,
    AdapterUse,
    MappedTable,
    Reading,
    RecordKey,
    RowsWith,
    did_you_mean,
    did_you_mean_one,
    read_mapping,
)
from customer_journey.raw.notation import PADDING, as_decimal, number_of_contract, when_date
from customer_journey.raw.raw_files import (
    RawFiles,
    data_files_below,
    files_in,
    files_matching,
    is_claimed,
    is_json,
    is_sheet,
    no_file,
)
from customer_journey.raw.tabular import read_as_text
from customer_journey.warehouse import quoted, quoted_name

# Some file systems store times to two seconds: a file younger than this may change without a change of its times.
YOUNG_NS = 3 * 10**9

# Ids that come from other tools: with a prefix they would no longer match.
_WITHOUT_PREFIX = ("anonymous_id", "message_id", "account_id", "campaign_id", "ad_group_id", "ad_id")
REFUNDS = "orders/refunds"
# The columns whose sign says whether a row of a list of sales is a refund.
_SIGNED = {"orders/orders": ["total_amount"], "orders/order_items": ["quantity", "unit_price"], REFUNDS: ["amount"]}
# a time without an offset; a date alone is left to the reporting time zone
_LOCAL_TIME = "^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]*)?)?$"


class Delivery(NamedTuple):
    """Rows that land together and replace those landed under the same path before: a file, or an adapter's result."""

    path: str
    columns: Sequence[Column]
    # yields the files that hold the rows while they are read
    files: Callable[[], AbstractContextManager[Sequence[Path]]]
    # the state of the file before it was read: see state_of
    state: str | None = None
    # whether any later change of the file would change that state
    is_settled: bool = False
    # a temporary table that holds the rows, with `_row`, if DuckDB cannot read the file directly
    relation: str | None = None
    # a digest of the rows, if it is not that of the content of `files`
    content: str | None = None
    # its name in audit_sources; None for files without a name and an id_prefix
    source: str | None = None
    # the rank of its source, if `relation` has the column _record_key
    source_rank: int | None = None
    # the number of rows of the export that an adapter read for this
    export_rows: int | None = None
    # notes on its files for the summary
    notes: tuple[str, ...] = ()
    # lines that could not be split into columns
    broken: Sequence[BrokenLine] = ()


@dataclass(frozen=True)
class MappedFile:
    """A file that is read with options of the mapping, and its entry there."""

    file: Path
    # relative to the raw folder; unique, also if one file serves two tables
    path: str
    entry: MappedTable

    @property
    def how(self) -> str:
        """A digest of the options that the file is read with; a change of it means reading the file again."""
        return self.entry.fingerprint()


@dataclass(frozen=True)
class Export:
    """A tool's export, and the adapter that reads it."""

    use: AdapterUse
    adapter: Adapter
    # None if the export is tables that an EL tool keeps in the warehouse
    files: tuple[Path, ...] | None
    where: str

    @property
    def place(self) -> str:
        """Its folder or schema, as messages name it."""
        return self.use.folder if self.use.folder is not None else f"schema {self.use.schema}"

    @property
    def source(self) -> str:
        """Its name in audit_sources."""
        if self.use.source:
            return self.use.source
        return self.use.adapter if self.place == "." else f"{self.place} through {self.use.adapter}"

    def path(self, table: RawTable) -> str:
        """The path that its rows of a table land under."""
        return f"{self.place} through {self.use.adapter}/{table.label}.sql"

    def path_of_broken(self, label: str, table: RawTable) -> str:
        """The path that the broken lines of one of its files land under."""
        return f"{label} through {self.use.adapter} as {table.label}"

    def paths_of_broken(self, raw: Path) -> dict[str, RawTable]:
        """All paths that broken lines of its files may land under, each with the table."""
        labels = [file.relative_to(raw).as_posix() for file in self.files or ()]
        return {self.path_of_broken(label, table): table for label in labels for table in self.adapter.selects}

    @property
    def how(self) -> str:
        """A digest of the options and the adapter that it is read with; a change of it means reading it again."""
        return hashlib.sha256(f"{self.use!r} {self.adapter.fingerprint()}".encode()).hexdigest()


@dataclass
class Plan:
    """The contents of a raw folder and how each part is read."""

    # files that are read without a mapping, by table
    plain: dict[RawTable, list[Path]] = field(default_factory=dict)
    mapped: dict[RawTable, list[MappedFile]] = field(default_factory=dict)
    exports: list[Export] = field(default_factory=list)
    found: RawFiles = field(default_factory=RawFiles)
    # files that the mapping names, and the folders of exports: these are not reported as unknown
    claimed: set[Path] = field(default_factory=set)

    def tables(self) -> set[RawTable]:
        """The raw tables that have a file or an export."""
        with_files = {table for table in [*self.plain, *self.mapped] if self.plain.get(table) or self.mapped.get(table)}
        return with_files.union(*(export.adapter.selects for export in self.exports))


def plan_of(raw: Path) -> Plan:
    """Return the files of a raw folder and how each is to be read, without reading any row.

    Raises:
        InputError: the mapping cannot be followed, or files cannot be read.
    """
    mapping = read_mapping(raw)
    tables = {table.label: table for table in raw_tables()}
    plan = Plan(mapped={table: [] for table in tables.values()})
    usual: dict[RawTable, MappedTable] = {}
    for entry in mapping.tables:
        if not entry.files:
            usual[tables[entry.label]] = entry
            continue
        named: set[Path] = set()
        for pattern in entry.files:
            files = files_matching(raw, pattern)
            if not files:
                near = did_you_mean_one(pattern, [file.relative_to(raw).as_posix() for file in data_files_below(raw)])
                if (raw / pattern).is_dir():
                    near = f", which is a folder: write {pattern.rstrip('/')}/*"
                raise InputError(
                    f"{raw / 'mapping.yml'}: {entry.label}: no file matches {pattern}{near.removesuffix('?')}"
                    f"{'?' if near.endswith('?') else '.'} Correct `files`, or put the file into {raw}."
                )
            named.update(files)
        for file in sorted(named):
            if kind := no_file(file):
                raise InputError(
                    f"{file}: is {kind}, no file. Put a file in its place, or correct `files` in mapping.yml."
                )
            _map(plan, raw, tables[entry.label], file, entry)
    named_for_tables = set(plan.claimed)
    adapters = []
    for use in mapping.adapters:
        where = f"{raw / 'mapping.yml'}: adapters: {use.adapter}"
        adapters.append((use, adapter_of(where, use, raw), where))
        # the files of an own adapter, such as values/*.csv, are not data
        if adapters[-1][1].folder.is_relative_to(raw):
            named_for_tables.add(raw / use.adapter)
    plan.claimed |= named_for_tables
    places = [(use.adapter, use.folder, use.schema) for use in mapping.adapters]
    if twice := next((place for place in places if places.count(place) > 1), None):
        raise InputError(
            f"{raw / 'mapping.yml'}: adapters: {twice[0]}: two entries name {twice[1] or f'schema {twice[2]}'}. Remove "
            "one of them."
        )
    for use, adapter, where in adapters:
        made = {table.label for table in adapter.selects}
        if unmade := sorted(set(use.record_keys) - made):
            raise InputError(
                f"{raw / 'mapping.yml'}: same_records: {unmade[0]}: the adapter {use.adapter} makes no such table. "
                "Remove its line."
            )
        exported = None if use.folder is None else _exported(plan, raw, use, where, named_for_tables)
        plan.exports.append(Export(use, adapter, exported, where))
    plan.found = files_in(raw, tables.values(), plan.claimed)
    for table, files in plan.found.read.items():
        plan.plain[table] = []
        for file in files:
            if table in usual or is_sheet(file) or is_json(file):
                _map(
                    plan, raw, table, file, usual.get(table) or MappedTable(table.label, (), Reading(), {}, {}, {}, "")
                )
            else:
                plan.plain[table].append(file)
    return plan


def _exported(plan: Plan, raw: Path, use: AdapterUse, where: str, others: Collection[Path]) -> tuple[Path, ...]:
    """Return the files of an export and claim them, except `others`, which the mapping names for something else.

    Exports of two tools may share a folder: each adapter recognises its files by their columns.
    """
    assert use.folder is not None
    if not (raw / use.folder).resolve().is_relative_to(raw.resolve()):
        raise InputError(f"{where}: folder {use.folder!r} is not inside {raw}. Put the export there.")
    files = [file for file in export_files(use, raw, where) if not is_claimed(file, others)]
    if (raw / use.folder).resolve() == raw.resolve():
        # the export is in the raw folder itself: leave out the files at the usual place of a raw table
        sources = {table.source for table in raw_tables()}
        files = [file for file in files if file.relative_to(raw).parts[0] not in sources]
        plan.claimed.update(files)
    else:
        plan.claimed.add(raw / use.folder)
    return tuple(files)


def _map(plan: Plan, raw: Path, table: RawTable, file: Path, entry: MappedTable) -> None:
    path = file.relative_to(raw).as_posix()
    for other in plan.mapped[table]:
        if other.file == file and other.entry.id_prefix != entry.id_prefix:
            raise InputError(
                f"{raw / 'mapping.yml'}: {table.label}: two entries name {path} with different id_prefix, so that its "
                "rows would count twice. Remove it from the files of one of them."
            )
    # one file may serve two tables, such as orders and their customers
    is_shared = any(one.file == file for of_table in plan.mapped.values() for one in of_table)
    named = f"{path} as {table.label}" if is_shared else path
    if any(one.path == named for one in plan.mapped[table]):
        # sheets of one workbook: under one path the rows of the last would replace those of the others
        named += f", sheet {entry.reading.sheet}" if entry.reading.sheet else f", entry {len(plan.mapped[table]) + 1}"
    plan.mapped[table].append(MappedFile(file, named, entry))
    plan.claimed.add(file)


def lying_at(files: Sequence[Path]) -> AbstractContextManager[Sequence[Path]]:
    """Return a context of files that need no temporary copy, for `Delivery.files`."""
    return nullcontext(files)


def state_of(file: Path) -> str:
    """Return the identity, size and times of a file, which change whenever its content does."""
    found = file.stat()
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def is_settled(file: Path) -> bool:
    """Return whether a file is old enough that any change from now on would change its times."""
    found = file.stat()
    return max(found.st_mtime_ns, found.st_ctime_ns) < time.time_ns() - YOUNG_NS


def state_of_all(files: Sequence[Path], how: str) -> str:
    """Return a digest of the states of files that are read together, and of how they are read."""
    return hashlib.sha256(json.dumps([how, *([str(file), state_of(file)] for file in files)]).encode()).hexdigest()


def content_of(files: Sequence[Path], how: str = "") -> str:
    """Return a digest of the content of files, and of how they are read."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            hashlib.file_digest(stream, lambda: digest)
    digest.update(how.encode())
    return digest.hexdigest()


def mapped_delivery(connection: duckdb.DuckDBPyConnection, one: MappedFile, table: RawTable, into: str) -> Delivery:
    """Read a mapped file into the temporary table `into`, under the column names of the contract.

    Raises:
        InputError: it cannot be read as the mapping says, or lacks a column that the mapping names.
    """
    state, settled = state_of_all([one.file], one.how), is_settled(one.file)
    broken: list[BrokenLine] = []
    names = read_as_text(connection, one.file, one.entry.reading, f"{into}_read", broken=broken)
    is_empty = not names
    if is_empty:
        # JSON without a record, as an API answers on a quiet day, has no names
        names = [one.entry.columns.get(name, name) for name in table.all_columns]
        names += [*one.entry.times.values(), *_parts_of(one.entry)]
        texts = ", ".join(f"cast(null as varchar) as {quoted_name(name)}" for name in dict.fromkeys(names))
        connection.execute(f"create or replace temp table {into}_read as select {texts}, 0 as _row where false")
    there = columns_by_contract(one, table, names)
    if is_json(one.file) and not there:
        _refuse_several_lists(connection, one.file, table, f"{into}_read", names)
    record_key = None
    if one.entry.record_key is not None:
        where = f"{one.file}: same_records in mapping.yml"
        record_key = _record_key(where, table, one.entry.record_key, there, names, one.entry)
    entry = _with_its_date(one)
    _make(connection, table, f"{into}_read", there, entry, into, record_key)
    is_selected = entry.one_row_per or entry.summed_per or entry.refund_rows or entry.left_out_rows
    counted = connection.execute(f"select count(*) from {into}_read").fetchone() if is_selected else None
    connection.execute(f"drop table {into}_read")
    columns = [Column(name, "VARCHAR") for name in connection.table(into).columns if not name.startswith("_")]
    read = {*map(plain, there.values()), *map(plain, entry.times.values()), *map(plain, _parts_of(entry))}
    unknown = [Column("" if is_nameless(name) else name, "VARCHAR") for name in names if plain(name) not in read]
    return Delivery(
        one.path,
        [*columns, *(column for column in unknown if column.name not in table.all_columns)],
        partial(lying_at, [one.file]),
        state,
        settled,
        into,
        content_of([one.file], one.how),
        one.entry.source
        or (f"files with ids {one.entry.id_prefix}…" if one.entry.id_prefix else "files" if counted else None),
        one.entry.record_key.rank if one.entry.record_key else None,
        counted[0] + len(broken) if counted else None,
        notes=("holds no record",) if is_empty else (),
        broken=broken,
    )


def _refuse_several_lists(
    connection: duckdb.DuckDBPyConnection, file: Path, table: RawTable, relation: str, names: Sequence[str]
) -> None:
    """Refuse a JSON object with several lists of records: their names would pass for the columns of one record."""
    texts = ", ".join(f"starts_with({quoted_name(name)}, '[')" for name in names)
    rows = connection.execute(f"select {texts} from {relation} limit 2").fetchall()
    lists = [repr(name) for name, is_list in zip(names, rows[0], strict=True) if is_list] if len(rows) == 1 else []
    if len(lists) > 1:
        raise InputError(
            f"{file}: holds several lists of records ({', '.join(lists)}). Keep only the one of {table.label} in this "
            "file."
        )


def _parts_of(entry: MappedTable) -> list[str]:
    """Return the columns of the files that are read together with others, or decide which rows are read."""
    parts = [name for names in entry.joined.values() for name in names]
    parts += [name for formula in entry.computed.values() for name in formula.columns()]
    if entry.refund_rows is not None and entry.refund_rows.column is not None:
        parts.append(entry.refund_rows.column)
    return parts


def columns_by_contract(one: MappedFile, table: RawTable, names: Sequence[str]) -> dict[str, str]:
    """Return, for each column of the contract in the file, its name there: from the mapping, else the same name.

    Raises:
        InputError: the file lacks a column that the mapping names.
    """
    there = {plain(name): name for name in names}
    found = {}
    for name, theirs in one.entry.columns.items():
        if plain(theirs) not in there:
            raise InputError(
                f"{one.file}: has no column {theirs!r}, which mapping.yml names for {name} of {table.label}"
                f"{did_you_mean(theirs, [name for name in names if name])}"
            )
        found[name] = there[plain(theirs)]
    taken = set(found.values())
    for name in table.all_columns:
        same = there.get(plain(name))
        is_given = name in found or name in one.entry.constants or name in one.entry.computed
        if not is_given and same is not None and same not in taken:
            found[name] = same
    return found


def made_deliveries(
    connection: duckdb.DuckDBPyConnection, export: Export, raw: Path, into: str
) -> tuple[list[tuple[RawTable, Delivery]], Mapping[str, InputError | None]]:
    """Run an adapter on an export; return its deliveries, and the files that match no input.

    Each raw table has one delivery of the rows made for it, and one more for each file with broken lines that its
    SELECT reads: whatever rows such a line would have made, they are missing in the table.

    Raises:
        InputError: the export cannot be read.
    """
    files = export.files
    state = state_of_all(files, export.how) if files is not None else None
    settled = files is not None and all(is_settled(file) for file in files)
    made = run_selects(connection, export.adapter, export.use, files or (), export.where, raw, into)
    if problem := next(filter(None, made.unread.values()), None) if not any(made.read.values()) else None:
        raise problem
    if not any(made.read.values()):
        inputs = "; ".join(f"{one.name} ({', '.join(one.recognised_by)})" for one in export.adapter.inputs)
        raise InputError(
            f"{export.where}: {export.place} holds no export of {export.adapter.name}. Its adapter recognises files by "
            f"these columns: {inputs}. Put such a file there, or choose another adapter."
        )
    entry = MappedTable(
        "",
        (),
        Reading(timezone=export.use.reading.timezone or export.adapter.timezone),
        {},
        {},
        {},
        export.use.id_prefix,
    )
    content = content_of(files, export.how) if files is not None else None
    deliveries: list[tuple[RawTable, Delivery]] = []
    for table, relation in made.tables.items():
        inputs_of = export.adapter.inputs_of(export.adapter.selects[table])
        names = [name for name in connection.table(relation).columns if name != RECORD_NUMBER]
        there = {name: name for name in names}
        key = export.use.record_keys.get(table.label)
        record_key = None
        if key is not None:
            of_select = connection.table(relation).columns
            record_key = _record_key(f"{export.where}: same_records", table, key, there, of_select, entry)
        _make(connection, table, relation, there, entry, f"{relation}_rows", record_key)
        connection.execute(f"drop table {relation}")
        delivery = Delivery(
            export.path(table),
            [Column(name, "VARCHAR") for name in names],
            partial(lying_at, list(files or ())),
            state,
            settled,
            f"{relation}_rows",
            content or _content_of_rows(connection, f"{relation}_rows", export.how),
            export.source,
            key.rank if key else None,
            made.rows_for(inputs_of),
        )
        deliveries.append((table, delivery))
        for part, input_name in made.broken:
            if input_name in inputs_of:
                path = export.path_of_broken(part.label, table)
                deliveries.append((table, broken_alone(connection, delivery, path, part.broken)))
    return deliveries, made.unread


def _with_its_date(one: MappedFile) -> MappedTable:
    """Return the entry of a file, with the date in the file's name as the updated_at of its rows if that is wanted.

    Raises:
        InputError: the name holds no such date.
    """
    if not one.entry.file_date:
        return one.entry
    found = date_in_name(one.file.name, one.entry.file_date)
    if found is None:
        raise InputError(
            f"{one.file}: its name holds no date like {one.entry.file_date}, which file_date in mapping.yml wants. Add "
            "the date of the export to the name, or remove file_date."
        )
    return replace(one.entry, constants={**one.entry.constants, "updated_at": found.isoformat(" ")})


def broken_alone(
    connection: duckdb.DuckDBPyConnection, made: Delivery, path: str, broken: Sequence[BrokenLine]
) -> Delivery:
    """Return the delivery of the broken lines of a file, beside that of the rows made of its export."""
    relation = f"{made.relation}_{hashlib.sha256(path.encode()).hexdigest()[:16]}"
    connection.execute(f"create or replace temp table {relation} as select 0 as _row where false")
    return made._replace(
        path=path, columns=(), relation=relation, source_rank=None, export_rows=len(broken), broken=broken
    )


def _content_of_rows(connection: duckdb.DuckDBPyConnection, relation: str, how: str) -> str:
    row = connection.execute(f"select count(*), sum(hash(there)::hugeint) from {relation} as there").fetchone()
    return hashlib.sha256(f"{how} {row}".encode()).hexdigest()


def _make(
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    relation: str,
    there: Mapping[str, str],
    entry: MappedTable,
    into: str,
    record_key: str | None = None,
) -> None:
    """Make the temporary table `into`: the columns and the notation of the contract, and the column _record_key."""
    macros = (PROJECT / "adapters" / "macros.sql").read_text(encoding="utf-8")
    connection.execute(macros)
    constants = {name: f"'{quoted(text)}'" for name, text in entry.constants.items()}
    theirs = {name: f"cast({quoted_name(column)} as varchar)" for name, column in there.items()}
    own = {plain(name): name for name in connection.table(relation).columns}
    for name, column in entry.times.items():
        theirs[name] = _with_time(theirs, name, column, own, entry.label)
    for name, columns in entry.joined.items():
        parts = [f"nullif(trim({_named(own, column, f'{entry.label}: columns')}), '')" for column in columns]
        theirs[name] = f"nullif(concat_ws(' ', {', '.join(parts)}), '')"
    identifier_type = _converted(
        table, "identifier_type", (constants | theirs).get("identifier_type", "null"), entry, ""
    )
    converted = {name: _converted(table, name, text, entry, identifier_type) for name, text in theirs.items()}
    for name, formula in entry.computed.items():
        factors = {
            column: number_of_contract(_named(own, column, f"{entry.label}: computed: {name}"), entry.reading)
            for column in formula.columns()
        }
        converted[name] = _worked_out(formula, factors)
    for word, column in (
        *(("one_row_per", entry.one_row_per), ("summed_per", entry.summed_per)),
        ("numbered_per", entry.numbered_per),
    ):
        if column and column not in theirs:
            raise InputError(
                f"mapping.yml: {entry.label}: {word}: the files have no column {column}. Write under `columns` which "
                "of their columns it is."
            )
    if entry.numbered_per:
        number = f"row_number() over (partition by trim({theirs[entry.numbered_per]}) order by _row)"
        converted["line_number"] = f"cast({number} as varchar)"
    texts = [f"{text} as {name}" for name, text in (constants | converted).items()]
    if record_key is not None:
        texts.append(f"{record_key} as _record_key")
    has_row = "_row" in connection.table(relation).columns
    row = "_row" if has_row else "row_number() over () as _row"
    rows = f"select {', '.join([*texts, row])} from {relation}"
    conditions = [f"not {_is_among(of_kind, own, f'{entry.label}: left_out_rows')}" for of_kind in entry.left_out_rows]
    if entry.refund_rows is not None and entry.refund_rows.column is not None:
        is_refund = _is_among(entry.refund_rows, own, f"{entry.label}: refund_rows")
        conditions.append(is_refund if table.label == REFUNDS else f"not {is_refund}")
    if conditions:
        rows += f" where {' and '.join(conditions)}"
    if entry.one_row_per:
        key = theirs[entry.one_row_per]
        # a row without a value stays, to be refused with its reason
        rows += (
            f" qualify coalesce(trim({key}), '') = '' or row_number() over (partition by trim({key}) order by _row) = 1"
        )
    names = [*constants, *converted, *(["_record_key"] if record_key is not None else [])]
    if entry.summed_per:
        rows = _summed(table, rows, entry.summed_per, names)
    if entry.refund_rows is not None:
        rows = _with_or_without_refunds(table, rows, entry.refund_rows, names)
    connection.execute(f"create or replace temp table {into} as {rows}")


def _is_among(rows: RowsWith, own: Mapping[str, str], where: str) -> str:
    """Return the SQL that says whether a row has one of the values in the column."""
    assert rows.column is not None
    values = ", ".join(f"lower('{quoted(value.strip())}')" for value in rows.values)
    return f"coalesce(lower(trim({_named(own, rows.column, where)})) in ({values}), false)"


def _named(own: Mapping[str, str], column: str, where: str) -> str:
    """Return the SQL of the text in a column of the file.

    Raises:
        InputError: the file has no such column.
    """
    if plain(column) not in own:
        known = [name for name in own.values() if not name.startswith("_")]
        raise InputError(f"mapping.yml: {where}: there is no column {column}{did_you_mean(column, known)}")
    return f"cast({quoted_name(own[plain(column)])} as varchar)"


def _worked_out(formula: Formula, factors: Mapping[str, str]) -> str:
    """Return the SQL of a formula's value as text, to four decimals; a text that is refused if a cell is no number."""
    value = formula.sql(lambda column: as_decimal(factors[column]))
    unread = " or ".join(f"(trim({text}) <> '' and {as_decimal(text)} is null)" for text in factors.values())
    shown = f"'unreadable: ' || concat_ws(' ', {', '.join(factors.values())})"
    return f"case when {unread} then {shown} else cast(cast(round({value}, 4) as decimal(38, 4)) as varchar) end"


def _summed(table: RawTable, rows: str, key: str, names: Sequence[str]) -> str:
    """Return the SQL that adds up the amounts of the rows with one key; other columns are those of the first row."""
    group = f"case when coalesce(trim({key}), '') = '' then '_row ' || _row else trim({key}) end"
    columns = []
    for name in names:
        if name in table.all_columns and table.kind_of(name) == "amount":
            unread = f"min({name}) filter (where trim({name}) <> '' and {as_decimal(name)} is null)"
            columns.append(f"coalesce({unread}, cast(sum({as_decimal(name)}) as varchar)) as {name}")
        else:
            columns.append(f"arg_min({name}, _row) filter (where trim({name}) <> '') as {name}")
    return f"select {', '.join(columns)}, min(_row) as _row from ({rows}) group by {group}"


def _with_or_without_refunds(table: RawTable, rows: str, refunds: RowsWith, names: Sequence[str]) -> str:
    """Return the SQL of the sales of a list without its refunds, or of its refunds alone, with amounts above zero.

    The further refunds with one id get a number behind it: they would pass for versions of the first.
    """
    amounts = [name for name in _SIGNED[table.label] if name in names]
    is_below = " or ".join(f"coalesce({as_decimal(name)} < 0, false)" for name in amounts)
    where = f" where {is_below if table.label == REFUNDS else f'not ({is_below})'}" if refunds.column is None else ""
    if table.label != REFUNDS:
        return f"select * from ({rows}){where}"
    replaced = [f"coalesce(cast(abs({as_decimal('amount')}) as varchar), amount) as amount"]
    if "refund_id" in names and "updated_at" not in names:
        number = "row_number() over (partition by trim(refund_id) order by _row)"
        replaced.append(f"refund_id || case when {number} > 1 then '-' || {number} else '' end as refund_id")
    return f"select * replace ({', '.join(replaced)}) from (select * from ({rows}){where})"


def _record_key(
    where: str, table: RawTable, key: RecordKey, there: Mapping[str, str], names: Sequence[str], entry: MappedTable
) -> str:
    """Return the SQL of the digest that is equal for rows of one record, whatever source they come from.

    A key column is one of the contract, or one of the file. Amounts are compared as numbers, times by their day, phones
    by their last nine digits, other texts without case, outer blanks and a leading `#`. Null if a part is blank.

    Raises:
        InputError: the file has no such column.
    """
    own = {plain(name): name for name in names}
    plainly = replace(entry, id_prefix="")
    parts = []
    for column in key.columns:
        if column in there:
            kind = table.kind_of(column)
            text = _converted(table, column, f"cast({quoted_name(there[column])} as varchar)", plainly, "")
        elif plain(column) in own:
            kind, text = "text", f"cast({quoted_name(own[plain(column)])} as varchar)"
        else:
            known = sorted({*there, *(name for name in names if name)})
            raise InputError(f"{where}: {table.label}: there is no column {column}{did_you_mean(column, known)}")
        parts.append(f"nullif({_compared(text, kind)}, '')")
    is_whole = " and ".join(f"{part} is not null" for part in parts)
    return f"case when {is_whole} then md5(concat_ws('|', {', '.join(parts)})) end"


def _compared(text: str, kind: str) -> str:
    if kind in NUMBERS:
        return f"coalesce(cast(try_cast({text} as decimal(18, 4)) as varchar), trim({text}))"
    if kind in (*TIMES, *DAYS):
        return f"left(trim({text}), 10)"
    if kind == "phone":
        return f"right(regexp_replace({text}, '[^0-9]', '', 'g'), 9)"
    return f"ltrim(lower(nfc_normalize(trim({text}))), '#')"


def _converted(table: RawTable, name: str, text: str, entry: MappedTable, identifier_type: str) -> str:
    """Return the SQL that converts a text of the source to the notation of the contract for this column."""
    if name not in table.all_columns:
        return text
    kind, how = table.kind_of(name), entry.reading
    if kind != "text" or name.endswith("_id"):
        text = f"trim({text}, '{PADDING}')"
    if pairs := entry.values.get(name):
        cases = " ".join(
            f"when lower('{quoted(theirs.strip())}') then '{quoted(ours)}'" for theirs, ours in pairs.items()
        )
        text = f"case lower(trim({text})) {cases} else {text} end"
    if kind in NUMBERS and (how.decimal or how.thousands):
        text = number_of_contract(text, how)
    if kind in (*TIMES, *DAYS) and how.calendar == BUDDHIST:
        text = f"gregorian({text})"
    if kind in (*TIMES, *DAYS) and how.date_format:
        fits = " ".join(when_date(text, form) for form in how.date_format)
        text = f"case {fits} else {text} end"
    if kind in TIMES and how.timezone:
        local = f"try_cast(translate(trim({text}), '/', '-') as timestamp)"
        utc = f"strftime(timezone('UTC', timezone('{how.timezone}', {local})), '%Y-%m-%d %H:%M:%S.%f') || '+00:00'"
        is_local = f"regexp_matches(trim({text}), '{_LOCAL_TIME}') and {local} is not null"
        text = f"case when {is_local} then {utc} else {text} end"
    if not entry.id_prefix:
        return text
    prefix = quoted(entry.id_prefix)
    if name == "merged_contact_ids":
        return f"regexp_replace({text}, '([^;,\\s][^;,]*)', '{_for_replacement(prefix)}\\1', 'g')"
    prefixed = f"case when trim({text}) = '' then {text} else '{prefix}' || trim({text}) end"
    if name == "identifier_value":
        return f"case when lower(trim({identifier_type})) = 'contact_id' then {prefixed} else {text} end"
    return prefixed if takes_prefix(name) else text


def _with_time(theirs: Mapping[str, str], name: str, column: str, own: Mapping[str, str], label: str) -> str:
    """Return the SQL of a day with the time of day that stands in a column of its own.

    Raises:
        InputError: the day has no column, or the file lacks the column of the time.
    """
    if name not in theirs:
        raise InputError(f"mapping.yml: {label}: times: {name} has no column of its day. Name it under columns.")
    time = f"trim({_named(own, column, f'{label}: times')})"
    return f"nullif(trim({theirs[name]}), '') || coalesce(' ' || nullif({time}, ''), '')"


def takes_prefix(name: str) -> bool:
    """Return whether an `id_prefix` goes before the values of this column."""
    return name == "merged_contact_ids" or (name.endswith("_id") and name not in _WITHOUT_PREFIX)


def _for_replacement(text: str) -> str:
    return text.replace("\\", "\\\\")
