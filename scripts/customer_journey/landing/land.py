"""Landing: raw files into the private warehouse, as text, with the contract checked before a row is read."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

import duckdb

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError
from customer_journey.landing.contract_checks import check_columns, check_main_tables, double_deliveries
from customer_journey.landing.landed import (
    LandingReport,
    create_landed_table,
    create_manifest,
    has_landed,
    kind_of,
    landed_kind,
    landed_tables,
    next_file_id,
    texts_of,
)
from customer_journey.privacy import file_names
from customer_journey.privacy.file_names import FileNames
from customer_journey.raw.broken_files import reading
from customer_journey.raw.broken_lines import MARK, BrokenLine, text_column
from customer_journey.raw.deliveries import (
    Delivery,
    Export,
    Plan,
    broken_alone,
    content_of,
    is_settled,
    lying_at,
    made_deliveries,
    mapped_delivery,
    plan_of,
    state_of,
    state_of_all,
)
from customer_journey.raw.file_columns import path_parameter, scan
from customer_journey.raw.raw_files import MAPPING, entries_below, is_parquet, is_sheet, lines_on_unread, misnamed
from customer_journey.raw.sheets import error_cells
from customer_journey.raw.tabular import columns_of, confuses, read_over_broken_lines


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
    if any(landed_kind(connection, table) == "VIEW" for table in tables) or has_landed(connection, from_catalog=True):
        raise InputError(
            "--out: this folder was built with --raw-schemas, from the tables of an EL tool. "
            "Give --raw-schemas again, or choose another --out for files."
        )
    plan, names = plan_of(raw), file_names.prepare(connection)
    report.drift += lines_on_unread(raw, plan.found, plan.claimed)
    delivered = plan.tables()
    for table in tables:
        if table.is_main and table not in delivered and (near := misnamed(raw, table)):
            raise InputError(f"{near[0][0]}: is not read under this name. Rename it to {raw / near[0][1]}.")
    check_main_tables(f"{raw}: ", delivered, landed_tables(connection), has_mapping=(raw / MAPPING).is_file())
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
        if table.adds_up and landed_kind(connection, table) == "BASE TABLE":
            report.doubles += double_deliveries(connection, table)
    return report


def _is_unmade(connection: duckdb.DuckDBPyConnection, plan: Plan, table: RawTable) -> bool:
    """Return whether a table comes only from adapters, and no export has held a row of it."""
    if plan.plain.get(table) or plan.mapped.get(table):
        return False
    row = connection.execute(
        "select coalesce(sum(row_count), 0) from private.landed_files where source_table = ?", [table.source_table]
    ).fetchone()
    return row is None or row[0] == 0


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
        report.drift += [f"{table.label}: {one.path} {note}" for note in delivery.notes]
        report.drift += _on_error_cells(one.file, one.path)
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
                for table, path in [*paths.items(), *_landed_broken(connection, export, raw, names)]:
                    deliveries[table].append(_known(path, state))
                # unrecognised files were reported when this export was read
                unread[export.place] = {}
                continue
        made, strange = made_deliveries(connection, export, raw, f"export_{number}")
        others = unread.setdefault(export.place, dict(strange))
        unread[export.place] = {label: problem for label, problem in others.items() if label in strange}
        report.drift += _keep_rows_of_vanished(connection, export, raw, names)
        for file in export.files or ():
            report.drift += _on_error_cells(file, file.relative_to(raw).as_posix())
        of_table = {table: delivery for table, delivery in made if delivery.path == export.path(table)}
        # lines that were broken when the export was read before, and are not now
        broken = {names.stored(delivery.path) for _, delivery in made}
        made += [
            (table, broken_alone(connection, of_table[table], path, ()))
            for table, path in _landed_broken(connection, export, raw, names)
            if path not in broken
        ]
        for table, delivery in made:
            if delivery.columns:
                check_columns(table, delivery.path, delivery.path, delivery.columns)
            source = None if delivery.source is None else names.stored(delivery.source)
            deliveries[table].append(delivery._replace(path=names.stored(delivery.path), source=source))
    for place, labels in unread.items():
        if problem := next(filter(None, labels.values()), None):
            raise problem
        adapters = " or ".join(export.use.adapter for export in plan.exports if export.place == place)
        report.drift += [f"{label}: not recognised by the adapter {adapters}, so not read" for label in labels]


def _on_error_cells(file: Path, path: str) -> list[str]:
    """Return a line on the cells of a workbook that hold an error: they would be missing without a word."""
    count = error_cells(file) if is_sheet(file) else 0
    if not count:
        return []
    said = "cell holds" if count == 1 else "cells hold"
    return [f"{path}: {count:,} {said} an error such as #N/A; they are read as empty"]


def _landed_broken(
    connection: duckdb.DuckDBPyConnection, export: Export, raw: Path, names: FileNames
) -> list[tuple[RawTable, str]]:
    """Return the paths that broken lines of an export's files have landed under, each with its table."""
    if not kind_of(connection, "private", "landed_files"):
        return []
    landed = {path for (path,) in connection.execute("select path from private.landed_files").fetchall()}
    paths = {names.stored(path): table for path, table in export.paths_of_broken(raw).items()}
    return [(table, path) for path, table in sorted(paths.items()) if path in landed]


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
        # the forms of Export.path, Export.path_of_broken and MappedFile.path; a plain name may look like one of them
        export = re.fullmatch(rf"(.+) through (?:[^/]+/{label}\.sql|.+ as {label})", path)
        place = export[1] if export else path.removesuffix(f" as {label}")
        if path in report.files or Path(place).as_posix() not in there:
            continue
        connection.execute(f"delete from raw_{source_table} where _file_id = ?", [file_id])
        for table in ("landed_files", "erased_rows", "record_keys"):
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
        paths = [export.path(table) for table in export.adapter.selects]
        broken = [path for path in export.paths_of_broken(raw) if names.stored(path) in landed]
        read += [(path, list(export.files), export.how) for path in [*paths, *broken]]
    found = []
    for named, files, how in read:
        path = names.stored(named)
        sha256, known_state = landed.get(path, (None, None))
        state = state_of(files[0]) if how is None else state_of_all(files, how)
        if sha256 is None or (known_state != state and sha256 != content_of(files, how or "")):
            return None
        found.append(path)
    return sorted(found)


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
            create_manifest(connection)
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
            connection.execute("delete from private.record_keys where file_id = ?", [known[0]])
        file_id = known[0] if known else next_file_id(connection)
        insert = f"insert into {table.relation} ({', '.join(table.all_columns)}, _file_id, _row_number)"
        texts = f"select {', '.join(texts_of(table, delivery.columns))}, {file_id}"
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
            if delivery.source_rank is not None:
                connection.execute(
                    f"insert into private.record_keys select ?, ?, _row, _record_key, ? from {delivery.relation}"
                    " where _record_key is not null",
                    [table.source_table, file_id, delivery.source_rank],
                )
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


def _has_state(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> bool:
    """Return whether the file's size and times are as they were when its content was last read."""
    row = connection.execute("select state from private.file_states where path = ?", [delivery.path]).fetchone()
    return row is not None and row[0] == delivery.state


def _keep_state(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    connection.execute("delete from private.file_states where path = ?", [delivery.path])
    if delivery.is_settled:
        connection.execute("insert into private.file_states values (?, ?)", [delivery.path, delivery.state])
