"""Landing: raw files into the private warehouse, as text, with the contract checked before a row is read."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb
import yaml

from customer_journey import file_names
from customer_journey.adapters import plain
from customer_journey.broken_lines import MARK, BrokenLine, text_column
from customer_journey.contract import RawTable, raw_tables
from customer_journey.deliveries import (
    Delivery,
    Export,
    Plan,
    content_of,
    is_settled,
    lying_at,
    made_deliveries,
    mapped_delivery,
    plan_of,
    state_of,
    state_of_all,
)
from customer_journey.errors import InputError
from customer_journey.file_names import FileNames
from customer_journey.mapping import did_you_mean_one
from customer_journey.paths import PROJECT
from customer_journey.raw_files import entries_below, is_parquet, lines_on_unread
from customer_journey.tabular import (
    Column,
    as_text,
    columns_of,
    confuses,
    path_parameter,
    read_over_broken_lines,
    reading,
    scan,
)

# Prefix of the path of a table exported from Spark's catalog; no file path begins so.
FROM_CATALOG = "catalog:"
# the most columns that a message lists
_NAMED = 12


@dataclass
class LandingReport:
    """The result of landing: numbers of new and unchanged files, absent optional tables, unknown columns and files.

    `drift` are lines on unknown columns and files; `doubles` lines on files that hold the same rows, which count
    twice; `files` all files of the raw folder; `in_place` the schemas, by source, of tables that stay where an EL tool
    keeps them; `exported` the paths of tables that were copied out of another catalog.
    """

    files_read: int = 0
    files_known: int = 0
    files: list[str] = field(default_factory=list)
    absent_tables: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    in_place: Mapping[str, str] = field(default_factory=dict)
    exported: list[str] = field(default_factory=list)


def land(connection: duckdb.DuckDBPyConnection, raw: Path, on_progress: Callable[[str, float], None]) -> LandingReport:
    """Land every file under `raw` that is new or changed since the last build, all of them or none.

    A file is identified by its path under `raw`. Its content is read again only if its size or times have changed. A
    changed file replaces the rows that it landed before; the rows of a deleted file are kept. `on_progress` gets the
    current table and the share done, 0 to 1.

    Raises:
        InputError: a required table or column is missing, or a file cannot be read.
    """
    if not raw.is_dir():
        raise InputError(f"{raw}: no such folder. --raw must be a folder that holds <source>/<table> files.")
    try:
        str(raw).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"--raw {raw}: the name is not valid UTF-8. Rename it.") from error
    report = LandingReport()
    tables = raw_tables()
    if any(_kind_of(connection, table) == "VIEW" for table in tables) or _has_landed(connection, from_catalog=True):
        raise InputError(
            "--out: this folder was built with --raw-schemas, from the tables of an EL tool. "
            "Give --raw-schemas again, or choose another --out for files."
        )
    plan, names = plan_of(raw), file_names.prepare(connection)
    report.drift += lines_on_unread(raw, plan.found, plan.claimed)
    delivered = plan.tables()
    check_main_tables(f"{raw}: ", {table for table in tables if table.is_main} & delivered, landed_tables(connection))
    # Every file is checked before the first row lands, so that an error never leaves half of the files landed.
    deliveries: dict[RawTable, list[Delivery]] = {table: [] for table in tables}
    for table, files in plan.plain.items():
        for file in files:
            with reading(file):
                state, settled = state_of(file), is_settled(file)
                columns = columns_of(connection, file)
            report.drift += check_columns(table, str(file), file.name, columns)
            path = _stored_path(file, raw, names)
            deliveries[table].append(Delivery(path, columns, partial(lying_at, [file]), state, settled))
    _add_mapped(connection, plan, names, deliveries, report)
    _add_exports(connection, plan, raw, names, deliveries, report)
    report.files = sorted(delivery.path for of_table in deliveries.values() for delivery in of_table)
    land_deliveries(connection, deliveries, report, on_progress)
    _forget_unread(connection, raw, names, report)
    report.absent_tables += [
        table.label for table in tables if table not in delivered or _is_unmade(connection, plan, table)
    ]
    _keep_export_files(connection, plan, raw, names)
    for table in tables:
        if table.adds_up and _kind_of(connection, table) == "BASE TABLE":
            report.doubles += _double_deliveries(connection, table)
    return report


def check_main_tables(where: str, delivered: Collection[RawTable], landed: Collection[str]) -> None:
    """Check that at least one main table is delivered, and that none delivered before is missing.

    `delivered` are the main tables with files now, `landed` the labels of the tables that earlier builds landed.
    `where` begins the error message.

    Raises:
        InputError: no main table is delivered, or one of an earlier build is missing.
    """
    main = [table for table in raw_tables() if table.is_main]
    if not delivered:
        raise InputError(
            f"{where}none of the tables {', '.join(table.label for table in main)} is there; a build needs one of "
            "them. Add for example orders/orders.csv; for exports of tools, `journey init` writes a mapping.yml."
        )
    lost = sorted(table.label for table in main if table.label in landed and table not in delivered)
    if lost:
        raise InputError(
            f"{where}required table {lost[0]} is missing, although an earlier build of this output folder read it. "
            "Put its export back. If the table is no longer wanted, deliver a file with only the header."
        )


def _is_unmade(connection: duckdb.DuckDBPyConnection, plan: Plan, table: RawTable) -> bool:
    """Return whether a table comes only from adapters, and no export has held a row of it."""
    if plan.plain.get(table) or plan.mapped.get(table):
        return False
    row = connection.execute(
        "select coalesce(sum(row_count), 0) from private.landed_files where source_table = ?", [table.source_table]
    ).fetchone()
    return row is None or row[0] == 0


def landed_tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the labels of the tables with landed files."""
    if not kind_of(connection, "private", "landed_files"):
        return set()
    rows = connection.execute("select distinct source_table from private.landed_files").fetchall()
    return {source_table.replace(".", "/") for (source_table,) in rows}


def _add_mapped(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    names: FileNames,
    deliveries: dict[RawTable, list[Delivery]],
    report: LandingReport,
) -> None:
    """Add the files that mapping.yml names; unchanged ones are not read again."""
    for number, (table, one) in enumerate((table, one) for table, files in plan.mapped.items() for one in files):
        with reading(one.file):
            state = state_of_all([one.file], one.how)
        path = names.stored(one.path)
        if _knows(connection, [path], state):
            deliveries[table].append(_known(path, state))
            continue
        delivery = mapped_delivery(connection, one, table, f"mapped_{number}")
        report.drift += check_columns(table, str(one.file), one.file.name, delivery.columns)
        deliveries[table].append(delivery._replace(path=path))


def _add_exports(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    raw: Path,
    names: FileNames,
    deliveries: dict[RawTable, list[Delivery]],
    report: LandingReport,
) -> None:
    """Add the results of adapters; unchanged exports are not read again.

    Raises:
        InputError: an export cannot be read, or a file of it is damaged and no adapter of the folder recognises it.
    """
    # for each folder, the files that none of its adapters recognises
    unread: dict[str, dict[str, InputError | None]] = {}
    for number, export in enumerate(plan.exports):
        paths = {table: names.stored(export.path(table)) for table in export.adapter.selects}
        if export.files is not None:
            state = state_of_all(export.files, export.how)
            if _knows(connection, paths.values(), state):
                for table, path in paths.items():
                    deliveries[table].append(_known(path, state))
                # unrecognised files were reported when this export was read
                unread[export.place] = {}
                continue
        made, strange = made_deliveries(connection, export, raw, f"export_{number}")
        others = unread.setdefault(export.place, dict(strange))
        unread[export.place] = {label: problem for label, problem in others.items() if label in strange}
        report.drift += _keep_rows_of_vanished(connection, export, raw, names)
        for table, delivery in made.items():
            check_columns(table, delivery.path, delivery.path, delivery.columns)
            source = None if delivery.source is None else names.stored(delivery.source)
            deliveries[table].append(delivery._replace(path=paths[table], source=source))
    for place, labels in unread.items():
        if problem := next(filter(None, labels.values()), None):
            raise problem
        adapters = " or ".join(export.use.adapter for export in plan.exports if export.place == place)
        report.drift += [f"{label}: not recognised by the adapter {adapters}, so not read" for label in labels]


def _known(path: str, state: str) -> Delivery:
    return Delivery(path, (), partial(lying_at, ()), state, True)


def _knows(connection: duckdb.DuckDBPyConnection, paths: Collection[str], state: str) -> bool:
    """Return whether all these paths have landed and were in this state when they were last read."""
    if not kind_of(connection, "private", "landed_files"):
        return False
    row = connection.execute(
        "select count(*) from private.landed_files inner join private.file_states using (path)"
        " where list_contains(?, path) and state = ?",
        [list(paths), state],
    ).fetchone()
    return row is not None and row[0] == len(paths)


def _keep_rows_of_vanished(
    connection: duckdb.DuckDBPyConnection, export: Export, raw: Path, names: FileNames
) -> list[str]:
    """Keep the rows of deleted files of an export under another path, and return a line on them.

    Not for tables whose rows are added up, such as spend: their rows would count twice, so they go with their file.
    """
    if export.files is None or not kind_of(connection, "private", "export_files"):
        return []
    before = connection.execute(
        "select file from private.export_files where place = ?", [names.stored(export.place)]
    ).fetchall()
    gone = sorted({file for (file,) in before} - {_stored_path(file, raw, names) for file in export.files})
    if not gone:
        return []
    for table in export.adapter.selects:
        if table.adds_up:
            continue
        path = names.stored(export.path(table))
        row = connection.execute(
            "select count(*) from private.landed_files where starts_with(path, ?)", [f"{path} before "]
        ).fetchone()
        kept = f"{path} before {Path(gone[0]).name} was gone ({row[0] if row else 0})"
        for kept_in in ("landed_files", "sources"):
            connection.execute(f"update private.{kept_in} set path = ? where path = ?", [kept, path])
    return [f"{export.place}: {Path(gone[0]).name} is gone; the rows that were read from it are kept"]


def _stored_path(file: Path, raw: Path, names: FileNames) -> str:
    return names.stored(file.relative_to(raw).as_posix())


def _keep_export_files(connection: duckdb.DuckDBPyConnection, plan: Plan, raw: Path, names: FileNames) -> None:
    """Record the files of each export, so that the next build notices a deleted one."""
    connection.execute("create table if not exists private.export_files (place varchar, file varchar)")
    for export in plan.exports:
        place = names.stored(export.place)
        connection.execute("delete from private.export_files where place = ?", [place])
        for file in export.files or ():
            connection.execute(
                "insert into private.export_files values (?, ?)", [place, _stored_path(file, raw, names)]
            )


def _forget_unread(connection: duckdb.DuckDBPyConnection, raw: Path, names: FileNames, report: LandingReport) -> None:
    """Delete the landed rows of files that still exist but that the mapping no longer reads."""
    there = {".", *(_stored_path(entry, raw, names) for entry in entries_below(raw))}
    for file_id, source_table, path in connection.execute(
        "select file_id, source_table, path from private.landed_files order by path"
    ).fetchall():
        label = source_table.replace(".", "/")
        # the forms of Export.path and MappedFile.path; a plain file name may look like one of them
        export = re.fullmatch(rf"(.+) through [^/]+/{label}\.sql", path)
        place = export[1] if export else path.removesuffix(f" as {label}")
        if path in report.files or Path(place).as_posix() not in there:
            continue
        connection.execute(f"delete from raw_{source_table} where _file_id = ?", [file_id])
        for table in ("landed_files", "erased_rows"):
            connection.execute(f"delete from private.{table} where file_id = ?", [file_id])
        for table in ("file_states", "sources"):
            connection.execute(f"delete from private.{table} where path = ?", [path])
        report.drift.append(f"{path}: mapping.yml no longer reads it, so its rows in {source_table} were removed")


def unchanged_files(connection: duckdb.DuckDBPyConnection, raw: Path) -> list[str] | None:
    """Return the paths of the files under `raw` if all have landed unchanged; None if one is new or changed."""
    landed = {
        path: (sha256, state)
        for path, sha256, state in connection.execute(
            "select path, sha256, state from private.landed_files left join private.file_states using (path)"
        ).fetchall()
    }
    plan, names = plan_of(raw), file_names.names_of(connection)
    read: list[tuple[str, list[Path], str | None]]
    read = [(file.relative_to(raw).as_posix(), [file], None) for files in plan.plain.values() for file in files]
    read += [(one.path, [one.file], one.how) for files in plan.mapped.values() for one in files]
    for export in plan.exports:
        if export.files is None:
            return None
        read += [(export.path(table), list(export.files), export.how) for table in export.adapter.selects]
    paths = []
    for named, files, how in read:
        path = names.stored(named)
        sha256, known_state = landed.get(path, (None, None))
        state = state_of(files[0]) if how is None else state_of_all(files, how)
        if sha256 is None or (known_state != state and sha256 != content_of(files, how or "")):
            return None
        paths.append(path)
    return sorted(paths)


def landed_digest(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return a digest of the paths and contents of all landed files; None if nothing has landed."""
    if not kind_of(connection, "private", "landed_files"):
        return None
    row = connection.execute(
        "select md5(string_agg(path || sha256, '|' order by path)) from private.landed_files"
    ).fetchone()
    return row[0] if row else None


def land_deliveries(
    connection: duckdb.DuckDBPyConnection,
    deliveries: Mapping[RawTable, Sequence[Delivery]],
    report: LandingReport,
    on_progress: Callable[[str, float], None],
) -> None:
    """Land the new and changed files of each table in one transaction, and count them in the report."""
    confusing: set[str] = set()
    while True:
        connection.execute("begin")
        try:
            _create_manifest(connection)
            is_new = []
            for number, (table, delivered) in enumerate(deliveries.items()):
                on_progress(table.label, number / len(deliveries))
                is_new += [_land(connection, table, delivery, confusing) for delivery in delivered]
            connection.execute("commit")
        except _ConfusingError as error:
            # the transaction is lost with the error, so it begins again, with another way of reading this file
            connection.execute("rollback")
            confusing.add(error.path)
            continue
        except BaseException:
            connection.execute("rollback")
            raise
        report.files_read += sum(is_new)
        report.files_known += len(is_new) - sum(is_new)
        return


def refuse_folder_of_files(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse exported tables in a folder where files have landed: nothing would ever replace the rows of the files.

    Raises:
        InputError: files have landed here.
    """
    if _has_landed(connection, from_catalog=False):
        raise InputError("--out: this folder holds rows landed from files. Choose another --out for --raw-schemas.")


def _has_landed(connection: duckdb.DuckDBPyConnection, from_catalog: bool) -> bool:
    if not kind_of(connection, "private", "landed_files"):
        return False
    found = connection.execute(
        "select 1 from private.landed_files where starts_with(path, ?) = ? limit 1", [FROM_CATALOG, from_catalog]
    ).fetchone()
    return found is not None


def check_columns(table: RawTable, where: str, short_name: str, columns: Sequence[Column]) -> list[str]:
    """Return a line on each unknown column; `where` names the file or table in errors.

    Raises:
        InputError: a required column is missing.
    """
    names = {plain(column.name) for column in columns}
    has = [column.name for column in columns if column.name and plain(column.name) not in table.all_columns]
    for name in table.required_columns:
        if name not in names:
            raise InputError(f"{where}: table {table.label} lacks the required column {name}. {_add_it(name, has)}")
    for group in table.one_of:
        if not set(group) & names:
            raise InputError(
                f"{where}: table {table.label} lacks the columns {' and '.join(group)}. {_add_it('one of them', has)}"
            )
    return [
        f"{table.label}: {f'unknown column {column.name}' if column.name else 'a column without a name'} "
        f"({short_name}), not read{did_you_mean_one(column.name, table.all_columns)}"
        for column in columns
        if plain(column.name) not in table.all_columns
    ]


def _add_it(name: str, has: Sequence[str]) -> str:
    if not has:
        return f"Add {'it' if ' ' not in name else name} to the export."
    return (
        f"The file has these unknown columns: {_first_of(has)}. If one of them is meant, write "
        "`columns: {our name: their name}` for this table in mapping.yml (`journey init` proposes it); "
        f"else add {'it' if ' ' not in name else name} to the export."
    )


def _first_of(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(repr, names[:_NAMED])) + more


def _texts_of(table: RawTable, columns: Sequence[Column]) -> list[str]:
    """Return the SQL of each column of the landed table; null for a column that the file does not have."""
    known = {plain(column.name): column for column in columns}
    return [
        f"{as_text(known[name]) if name in known else 'cast(null as varchar)'} as {name}" for name in table.all_columns
    ]


def _create_manifest(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists private")
    connection.execute(
        "create table if not exists private.landed_files"
        " (file_id bigint, source_table varchar, path varchar, sha256 varchar, row_count bigint)"
    )
    connection.execute("create table if not exists private.file_states (path varchar, state varchar)")
    connection.execute(
        "create table if not exists private.sources"
        " (path varchar, file_id bigint, source_table varchar, source varchar, export_rows bigint)"
    )


def create_landed_table(connection: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """Create the landed table, with all columns as text, if it does not exist."""
    connection.execute(f"create schema if not exists raw_{table.source}")
    columns = ", ".join(f"{column} varchar" for column in table.all_columns)
    connection.execute(f"create table if not exists {table.relation} ({columns}, _file_id bigint, _row_number bigint)")
    # an earlier release may have created it with fewer columns
    present = connection.table(table.relation).columns
    for column in table.all_columns:
        if column not in present:
            connection.execute(f"alter table {table.relation} add column {column} varchar")


def _land_broken(
    connection: duckdb.DuckDBPyConnection, table: RawTable, file_id: int, broken: Sequence[BrokenLine]
) -> None:
    """Put a row that will be quarantined in the place of each broken line."""
    for line in broken:
        connection.execute(f"delete from {table.relation} where _file_id = ? and _row_number = ?", [file_id, line.row])
        connection.execute(
            f"insert into {table.relation} ({text_column(table)}, is_deleted, _file_id, _row_number)"
            " values (?, ?, ?, ?)",
            [str(line), MARK, file_id, line.row],
        )


class _ConfusingError(Exception):
    """DuckDB gave up the text file of this path without naming a line."""

    def __init__(self, path: str) -> None:
        self.path = path


def _land(
    connection: duckdb.DuckDBPyConnection, table: RawTable, delivery: Delivery, confusing: Collection[str]
) -> bool:
    """Land one delivery; return False if its content has not changed.

    Raises:
        _ConfusingError: its path is to be added to `confusing`, and the transaction to begin again.
    """
    known = connection.execute(
        "select file_id, sha256, source_table from private.landed_files where path = ?", [delivery.path]
    ).fetchone()
    if known and known[2] == table.source_table and _has_state(connection, delivery):
        return False
    with delivery.files() as files:
        if delivery.content is None:
            with reading(files[0]):
                sha256 = content_of(files)
        else:
            sha256 = delivery.content
        _keep_state(connection, delivery)
        if known and known[1:] == (sha256, table.source_table):
            return False
        create_landed_table(connection, table)
        if known:
            # the mapping may have assigned the file to another table before
            connection.execute(f"delete from raw_{known[2]} where _file_id = ?", [known[0]])
            connection.execute("delete from private.landed_files where file_id = ?", [known[0]])
            connection.execute("delete from private.erased_rows where file_id = ?", [known[0]])
        file_id = known[0] if known else _next_file_id(connection)
        insert = f"insert into {table.relation} ({', '.join(table.all_columns)}, _file_id, _row_number)"
        texts = f"select {', '.join(_texts_of(table, delivery.columns))}, {file_id}"
        broken, row_count = delivery.broken, 0

        def read(rows: str, *read_files: Path) -> None:
            nonlocal row_count
            if row_count:
                connection.execute(f"delete from {table.relation} where _file_id = ?", [file_id])
            row = connection.execute(
                f"{insert} {texts}, row_number() over () from {rows}", path_parameter(read_files)
            ).fetchone()
            row_count = row[0] if row else 0

        if delivery.relation is not None:
            row = connection.execute(f"{insert} {texts}, _row from {delivery.relation}").fetchone()
            row_count = (row[0] if row else 0) + len(broken)
            connection.execute(f"drop table {delivery.relation}")
        elif is_parquet(files[0]):
            with reading(files[0]):
                read(scan(files[0], delivery.columns), *files)
        else:
            with reading(files[0]):
                try:
                    broken = read_over_broken_lines(
                        connection, files[0], delivery.columns, None, read, delivery.path in confusing
                    )
                except duckdb.InvalidInputException as error:
                    if delivery.path in confusing or not confuses(error):
                        raise
                    raise _ConfusingError(delivery.path) from error
    _land_broken(connection, table, file_id, broken)
    connection.execute(
        "insert into private.landed_files values (?, ?, ?, ?, ?)",
        [file_id, table.source_table, delivery.path, sha256, row_count],
    )
    connection.execute("delete from private.sources where path = ?", [delivery.path])
    if delivery.source is not None:
        connection.execute(
            "insert into private.sources values (?, ?, ?, ?, ?)",
            [delivery.path, file_id, table.source_table, delivery.source, delivery.export_rows],
        )
    return True


def _double_deliveries(connection: duckdb.DuckDBPyConnection, table: RawTable) -> list[str]:
    """Return a line on each two files of one table, such as spend, where half or more of the smaller one is the same.

    This is only a warning: equal rows can be right, as of two hours with the same spend, and so can a file that was
    delivered again under another name. Rows whose amount is 0 are ignored: they add nothing and are often equal.
    """
    columns = ", ".join(f"coalesce(trim({name}), '')" for name in table.all_columns)
    rows = connection.execute(
        f"""
        with counted as (
            select _file_id, md5(concat_ws('|', {columns})) as content, count(*) as row_count
            from {table.relation}
            where try_cast({table.adds_up} as double) is distinct from 0
            group by all
        ),
        totals as (select _file_id, sum(row_count) as row_count from counted group by all),
        shared as (
            select one._file_id as first_id, other._file_id as second_id,
                sum(least(one.row_count, other.row_count)) as row_count
            from counted as one
            inner join counted as other on one.content = other.content and one._file_id < other._file_id
            group by all
        )
        select shared.row_count, least(one_total.row_count, other_total.row_count), first_file.path, second_file.path
        from shared
        inner join totals as one_total on shared.first_id = one_total._file_id
        inner join totals as other_total on shared.second_id = other_total._file_id
        inner join private.landed_files as first_file on shared.first_id = first_file.file_id
        inner join private.landed_files as second_file on shared.second_id = second_file.file_id
        where 2 * shared.row_count >= least(one_total.row_count, other_total.row_count)
        order by first_file.path, second_file.path
        """
    ).fetchall()
    return [
        f"{table.label}: {count:,} of {total:,} rows are the same in {first} and {second}, and count twice. "
        "If they were delivered twice, leave only the header in one of the files"
        for count, total, first, second in rows
    ]


def _has_state(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> bool:
    """Return whether the file's size and times are as they were when its content was last read."""
    row = connection.execute("select state from private.file_states where path = ?", [delivery.path]).fetchone()
    return row is not None and row[0] == delivery.state


def _keep_state(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    connection.execute("delete from private.file_states where path = ?", [delivery.path])
    if delivery.is_settled:
        connection.execute("insert into private.file_states values (?, ?)", [delivery.path, delivery.state])


def _next_file_id(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select coalesce(max(file_id), 0) + 1 from private.landed_files").fetchone()
    assert row is not None
    return int(row[0])


def point_at_schemas(connection: duckdb.DuckDBPyConnection, schemas: Mapping[str, str]) -> LandingReport:
    """Create one view for each raw table over the tables that an EL tool keeps in the warehouse, in `schemas[source]`.

    Raises:
        InputError: a source or schema is unknown, a required table or column is missing, or rows of files landed here.
    """
    report = LandingReport(in_place=schemas)
    tables = raw_tables()
    check_schemas(schemas, own_schemas())
    before = {table.label for table in tables if _kind_of(connection, table) == "VIEW"}
    connection.execute("begin")
    try:
        for table in tables:
            _drop_relation(connection, table)
            schema = schemas.get(table.source, table.source)
            columns = _warehouse_columns(connection, schema, table.name) if table.source in schemas else []
            if not columns:
                if table.is_main and table.source in schemas:
                    raise InputError(
                        f"warehouse: required table {table.label} is missing: there is no {schema}.{table.name}. Let "
                        "the EL tool land it, or correct --raw-schemas."
                    )
                report.absent_tables.append(table.label)
                continue
            where = f"{schema}.{table.name}"
            report.drift += check_columns(table, where, where, columns)
            connection.execute(f"create schema if not exists raw_{table.source}")
            connection.execute(
                f"create view {table.relation} as select {', '.join(_texts_of(table, columns))}, 0::bigint as _file_id,"
                f' row_number() over () as _row_number from "{schema}".{table.name}'
            )
        main = {table for table in tables if table.is_main and table.label not in report.absent_tables}
        check_main_tables("warehouse: ", main, before)
        # the reconciliation counts the rows that are there now; rows erased earlier are no longer among them
        connection.execute("delete from private.erased_rows where file_id = 0")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return report


def check_schemas(schemas: Mapping[str, str], own: Collection[str]) -> None:
    """Check --raw-schemas: it must name sources of the contract, and no schema that the build writes.

    Raises:
        InputError: a source is unknown, or a schema is one of the build's own.
    """
    sources = {table.source for table in raw_tables()}
    if unknown := sorted(set(schemas) - sources):
        raise InputError(f"--raw-schemas: there is no source {unknown[0]}. Sources are {', '.join(sorted(sources))}.")
    for source, schema in schemas.items():
        if schema.lower() in own:
            raise InputError(
                f"--raw-schemas {source}={schema}: the schema {schema} belongs to the build. "
                "Let the EL tool write to another one."
            )


def own_schemas() -> set[str]:
    """Return the schemas of the warehouse that the build writes: landed rows, its own tables, and the models."""
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    folders = [*project["models"][project["name"]].values(), project["seeds"][project["name"]]]
    of_models = {folder["+schema"] for folder in folders if isinstance(folder, dict) and "+schema" in folder}
    return {"private"} | {f"raw_{table.source}" for table in raw_tables()} | of_models


def _drop_relation(connection: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """Drop the view of the last build, or the empty table that dbt made because there was none."""
    kind = _kind_of(connection, table)
    if kind == "VIEW":
        connection.execute(f"drop view {table.relation}")
    elif kind is not None:
        if connection.execute(f"select 1 from {table.relation} limit 1").fetchone():
            raise InputError(
                "--out: this folder holds rows landed from files, which --raw-schemas would lose. "
                "Let the EL tool write to the warehouse.duckdb of another --out."
            )
        connection.execute(f"drop table {table.relation}")


def _kind_of(connection: duckdb.DuckDBPyConnection, table: RawTable) -> str | None:
    """Return whether the landed relation is a `BASE TABLE` or a `VIEW`; None if there is none."""
    return kind_of(connection, f"raw_{table.source}", table.name)


def kind_of(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> str | None:
    """Return whether a relation of the warehouse is a `BASE TABLE` or a `VIEW`; None if there is none."""
    row = connection.execute(
        "select table_type from information_schema.tables"
        " where table_catalog = current_database() and table_schema = ? and table_name = ?",
        [schema, name],
    ).fetchone()
    return row[0] if row else None


def _warehouse_columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[Column]:
    rows = connection.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = ? and table_name = ? order by ordinal_position",
        [schema, table],
    ).fetchall()
    return [Column(row[0], row[1]) for row in rows]
