"""Erasure: the landed rows of persons who asked for it are deleted before the models are built.

Whom a request means is known only after staging has normalised identifiers and identity resolution has linked them, so
a first dbt run builds only these models. If nobody is to be erased, the build continues from them; otherwise it
continues from the staged tables without the erased rows.

What is kept is the suppression list: hashes of the persons' identifiers, to recognise rows of theirs that arrive later.
The list has a hash key of its own, which never changes, unlike the key of the person_ids. The hashes under the keys of
the person_ids are kept too, until a build without these persons is published: with them, the records of earlier builds
are cleaned.

If an EL tool keeps the raw tables in the warehouse, its rows are deleted there. Rows behind a view cannot be deleted:
the build fails until somebody deletes them at their origin. Tables exported from Spark's catalog are landed and erased
like files.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError
from customer_journey.landing.el_schemas import own_schemas
from customer_journey.landing.landed import FROM_CATALOG, create_record_keys, kind_of, landed_digest
from customer_journey.privacy import erased_rows, file_names
from customer_journey.privacy.erased_rows import is_marked, is_same_key, staged_table, tables_of
from customer_journey.privacy.hash_key import hash_key, ring_of
from customer_journey.warehouse import open_warehouse

# dbt selectors for the first run: identity resolution and staging
BEFORE_ERASURE = ("+int_person_identifiers", "+int_former_identifiers", "+stg_*")

# Replaces a text of another person's row that named an erased person.
_ERASED_TEXT = "(erased)"


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of erasure if they do not exist."""
    connection.execute("create schema if not exists private")
    connection.execute("create table if not exists private.suppression_list (identifier_hash varchar)")
    # the request, by which the erasure can be lifted; earlier releases did not store it
    connection.execute("alter table private.suppression_list add column if not exists request_id varchar")
    # earlier releases stored hashes of 64 digits; shortened, they still match
    connection.execute("update private.suppression_list set identifier_hash = left(identifier_hash, 32)")
    connection.execute("create table if not exists private.erased_hashes (identifier_hash varchar)")
    connection.execute(
        "create table if not exists private.erased_rows (file_id bigint, source_table varchar, row_count bigint)"
    )
    create_record_keys(connection)
    connection.execute("create table if not exists private.last_erasure (landed_files varchar)")
    connection.execute(
        "create table if not exists private.waiting_requests"
        " (request_id varchar, identifier_type varchar, contacts bigint)"
    )
    connection.execute("alter table private.waiting_requests add column if not exists refused_for varchar")
    connection.execute(
        "create table if not exists private.erasure_receipts"
        " (request_id varchar, erased_at timestamp, source_table varchar, rows_removed bigint, texts_removed bigint)"
    )


def is_due(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether an erasure must run: somebody is or asks to be erased, and new rows may have arrived."""
    if kind_of(connection, "private", "unfinished_erasure"):
        return True
    requests = kind_of(connection, "raw_privacy", "erasure_requests")
    # an EL tool may have changed its tables at any time
    if requests != "VIEW" and landed_digest(connection) == _landed_files_at_last_erasure(connection):
        return False
    tables = ["private.suppression_list", *(["raw_privacy.erasure_requests"] if requests else [])]
    return any(connection.execute(f"select 1 from {table} limit 1").fetchone() for table in tables)


def _landed_files_at_last_erasure(connection: duckdb.DuckDBPyConnection) -> str | None:
    row = connection.execute("select landed_files from private.last_erasure").fetchone()
    return row[0] if row else None


def erase(warehouse: Path, erased_at: datetime, schemas: Mapping[str, str] | None = None) -> int:
    """Delete the raw rows of everybody who asked for it, and return their number.

    `erased_at` is the time on the receipts; `schemas` are the schemas, by source, where an EL tool keeps its tables.
    The warehouse file is rewritten, because DuckDB leaves deleted rows in the blocks of a file until these are reused.
    The new file leaves out the models that hold erased rows; the build makes them again.

    Raises:
        InputError: rows of an EL tool cannot be deleted. The rows to erase are recorded, nothing is deleted.
    """
    with open_warehouse(warehouse) as connection:
        ring = ring_of(connection, hash_key())
        connection.execute("set variable suppression_key = ?", [ring.suppression])
        connection.execute("begin")
        is_unfinished = kind_of(connection, "private", "unfinished_erasure") is not None
        connection.execute(
            "create table if not exists private.unfinished_erasure (source_table varchar, row_id varchar)"
        )
        erased_rows.find(connection, ring)
        if views := _views_with_rows_to_erase(connection, schemas or {}):
            _leave_unfinished(connection)
            connection.execute("commit")
            raise InputError(
                f"erasure: {', '.join(views)}: a view, so its rows of persons who asked to be erased cannot be deleted "
                "here. Delete them in the table behind the view (private.unfinished_erasure in the warehouse lists "
                "them), and build again. Nothing was published."
            )
        sound = _delete_staged(connection, schemas or {})
        _note_receipts(connection, erased_at)
        erased = _delete(connection, schemas or {}) + _redact(connection, schemas or {})
        _forget(connection)
        file_names.hide(
            connection,
            erased_rows.identifiers_found(connection),
            lambda parts: erased_rows.with_names(connection, parts),
        )
        if not (erased or is_unfinished or is_unpublished(connection)):
            connection.execute("delete from private.erased_hashes")
        connection.execute("delete from private.unfinished_erasure")
        connection.execute("delete from private.last_erasure")
        connection.execute("insert into private.last_erasure values (?)", [landed_digest(connection)])
        if erased or is_unfinished:
            connection.execute("create or replace table private.unpublished_erasure as select true as is_due")
        else:
            connection.execute("drop table private.unfinished_erasure")
        connection.execute("commit")
    if erased or is_unfinished:
        rewrite(warehouse, sound, lambda fresh: fresh.execute("drop table private.unfinished_erasure"))
    return erased


def models_left(warehouse: Path) -> set[str]:
    """Return the names of the models and seeds in the warehouse; if nothing was erased, these are all."""
    with open_warehouse(warehouse) as connection:
        return {name for _, _, name in _models_in(connection)}


def is_unpublished(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether rows were erased since the last publication, so that the published marts may still show them."""
    return kind_of(connection, "private", "unpublished_erasure") is not None


def was_published(connection: duckdb.DuckDBPyConnection) -> None:
    """Record that the published marts no longer hold any erased row."""
    connection.execute("drop table if exists private.unpublished_erasure")
    connection.execute("delete from private.erased_hashes")


def left_at_their_origin(connection: duckdb.DuckDBPyConnection, exported: Sequence[str]) -> list[tuple[str, int]]:
    """Return the exported tables that still hold rows of erased persons, with the number of these rows.

    The build has deleted its own copies of the rows, but the tables belong to the EL tool.
    """
    if not exported:
        return []
    rows = connection.execute(
        "select path, sum(erased_rows.row_count)"
        " from private.landed_files inner join private.erased_rows using (file_id)"
        " where list_contains(?, path) group by path order by path",
        [list(exported)],
    ).fetchall()
    return [(path.removeprefix(FROM_CATALOG), int(count)) for path, count in rows]


def waiting(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return a line on each request that nobody was erased for: why, and what to do."""
    rows = connection.execute(
        "select request_id, identifier_type, contacts, refused_for from private.waiting_requests order by all"
    ).fetchall()
    return [
        f"erasure request {request}: nobody was erased, because its row is refused ({refused_for}). Correct the row"
        if refused_for
        else f"erasure request {request}: nobody was erased, because several people share its {kind} "
        f"({contacts} contacts have it). Request the erasure by contact_id"
        for request, kind, contacts, refused_for in rows
    ]


def _row_id(table: RawTable) -> str:
    """Return the id column of a table; every table in which _mark_rows can find rows has one, and it is required."""
    return next(column for column in table.columns if column.endswith("_id"))


def _views_with_rows_to_erase(connection: duckdb.DuckDBPyConnection, schemas: Mapping[str, str]) -> list[str]:
    return [
        f"{schemas[table.source]}.{table.name}"
        for table in tables_of(connection, "(from to_erase union all from redacted)")
        if table.source in schemas and kind_of(connection, schemas[table.source], table.name) == "VIEW"
    ]


def _leave_unfinished(connection: duckdb.DuckDBPyConnection) -> None:
    """Store the ids of the rows to delete by hand; the next build finds the child rows of deleted rows by them."""
    for table in tables_of(connection, "to_erase"):
        connection.execute(
            f"""
            insert into private.unfinished_erasure
            select '{table.source_table}', staged.{_row_id(table)}
            from {staged_table(table.source_table)} as staged
            inner join to_erase using (_file_id, _row_number)
            where to_erase.source_table = '{table.source_table}'
            except
            from private.unfinished_erasure
            """
        )


def _note_receipts(connection: duckdb.DuckDBPyConnection, erased_at: datetime) -> None:
    """Store a receipt for each request: the number of rows by table, without anything about the person."""
    connection.execute(
        """
        insert into private.erasure_receipts
        with rows_found as (
            select source_table, _file_id, _row_number, min(request_id) as request_id, true as is_removed
            from to_erase group by all
            union all
            select source_table, _file_id, _row_number, min(request_id), false from redacted group by all
        )
        select coalesce(request_id, 'unknown'), ?, source_table,
            count(*) filter (is_removed), count(*) filter (not is_removed)
        from rows_found
        group by request_id, source_table
        """,
        [erased_at.replace(tzinfo=None)],
    )


def receipts(connection: duckdb.DuckDBPyConnection, erased_at: datetime) -> list[tuple[str, int, int, bool | None]]:
    """Return the requests that rows went for in one build: the request, rows, tables, and whether it found anybody.

    None: nothing but the request itself was removed now, since an earlier build had found the person.
    """
    return connection.execute(
        """
        with counted as (
            select request_id, rows_removed + texts_removed as changed, erased_at = ? as is_now,
                source_table <> 'privacy.erasure_requests' as is_of_person
            from private.erasure_receipts
        )
        select request_id, sum(changed) filter (is_now)::bigint, count(*) filter (is_now),
            case when bool_or(is_now and is_of_person) then true when not bool_or(is_of_person) then false end
        from counted group by request_id having bool_or(is_now) order by request_id
        """,
        [erased_at.replace(tzinfo=None)],
    ).fetchall()


def write_receipts(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Write the receipts of all erasures of an output folder to a CSV file, if there are any."""
    if connection.execute("select 1 from private.erasure_receipts limit 1").fetchone():
        connection.execute(
            "copy (from private.erasure_receipts order by erased_at, request_id, source_table)"
            f" to '{str(file).replace(chr(39), chr(39) * 2)}' (header)"
        )


def lift(warehouse: Path, request_id: str) -> int:
    """Remove the hashes of a request from the suppression list, so that rows delivered from now on are used again.

    Returns:
        The number of hashes removed; 0 if nothing was erased for this request.
    """
    with open_warehouse(warehouse) as connection:
        prepare(connection)
        return len(
            connection.execute(
                "delete from private.suppression_list where request_id = ? returning 1", [request_id]
            ).fetchall()
        )


def _delete(connection: duckdb.DuckDBPyConnection, schemas: Mapping[str, str]) -> int:
    rows = connection.execute(
        "insert into private.erased_rows"
        " select _file_id, source_table, count(distinct _row_number) from to_erase group by _file_id, source_table"
        " returning source_table, row_count"
    ).fetchall()
    for table in tables_of(connection, "to_erase"):
        if table.source in schemas:
            _change_in_schema(connection, table, schemas[table.source], "to_erase")
        else:
            connection.execute(
                f"delete from {table.relation} as landed using to_erase"
                f" where to_erase.source_table = '{table.source_table}'"
                " and landed._file_id = to_erase._file_id and landed._row_number = to_erase._row_number"
            )
    connection.execute(
        "delete from private.record_keys as keys using to_erase where keys.source_table = to_erase.source_table"
        " and keys.file_id = to_erase._file_id and keys.row_number = to_erase._row_number"
    )
    return sum(count for _, count in rows)


def _redact(connection: duckdb.DuckDBPyConnection, schemas: Mapping[str, str]) -> int:
    """Replace the texts that name erased persons in rows of other persons; return the number of those rows."""
    for table in tables_of(connection, "redacted"):
        schema = schemas.get(table.source)
        for column in erased_rows.columns_with_names(connection, table):
            changes = f"{column} = '{_ERASED_TEXT}'"
            if schema:
                _change_in_schema(connection, table, schema, "redacted_column", changes)
            else:
                connection.execute(
                    f"update {table.relation} as landed set {changes}"
                    f" where {is_marked(table, 'landed', 'redacted_column')}"
                )
    row = connection.execute("select count(distinct (source_table, _file_id, _row_number)) from redacted").fetchone()
    return int(row[0]) if row else 0


def _delete_staged(connection: duckdb.DuckDBPyConnection, schemas: Mapping[str, str]) -> set[str]:
    """Delete the rows from the staged tables too; return the staged tables that need not be built again.

    Staging judges each row on its own, except that it deduplicates the versions of a key. If one version of a key is
    erased and another stays, the model must be built again, and also if an EL tool keeps the table: a deletion
    renumbers its rows.
    """
    sound = set()
    redacted = tables_of(connection, "redacted")
    for table in raw_tables():
        if table.source in schemas or table in redacted:
            continue
        staged = staged_table(table.source_table)
        has_other_version = connection.execute(
            f"""
            select 1 from {staged} as gone
            inner join {staged} as kept on {is_same_key(table, "kept", "gone")}
            where {is_marked(table, "gone")} and not {is_marked(table, "kept")}
                and gone.row_status in ('accepted', 'duplicate') and kept.row_status in ('accepted', 'duplicate')
            limit 1
            """
        ).fetchone()
        if has_other_version is None:
            connection.execute(f"delete from {staged} where {is_marked(table, staged)}")
            sound.add(staged)
    return sound


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Delete the erased person_ids from the records of earlier builds. On Spark the models leave them out."""
    columns = {
        "persons_before": ("identifier_hash", "person_id"),
        "person_changes": ("identifier_hash", "old_person_id", "new_person_id"),
    }
    for table, hashes in columns.items():
        if kind_of(connection, "private", table):
            is_suppressed = " or ".join(
                f"{column} in (select identifier_hash from private.erased_hashes)" for column in hashes
            )
            connection.execute(f"delete from private.{table} where {is_suppressed}")


def _change_in_schema(
    connection: duckdb.DuckDBPyConnection, table: RawTable, schema: str, found: str, changes: str | None = None
) -> None:
    """Delete or change the found rows of an EL tool's table; fail if the tool has changed the table since staging."""
    name = f'"{schema}".{table.name}'
    statement = f"update {name} set {changes}" if changes else f"delete from {name}"
    try:
        changed = connection.execute(
            f"""
            {statement} where rowid in (
                select numbered.row_id
                from (select rowid as row_id, row_number() over () as _row_number from {name}) as numbered
                inner join {table.relation} as landed using (_row_number)
                inner join {staged_table(table.source_table)} as staged using (_row_number)
                inner join {found} using (_row_number)
                where {found}.source_table = '{table.source_table}'
                    and lower(trim(landed.{_row_id(table)})) = lower(staged.{_row_id(table)})
            )
            """
        ).fetchone()
        expected = connection.execute(
            f"select count(distinct _row_number) from {found} where source_table = '{table.source_table}'"
        ).fetchone()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"erasure: {schema}.{table.name}: rows of erased persons cannot be deleted ({reason}). Allow the build to "
            "delete there, or delete them yourself, and build again."
        ) from error
    if changed != expected:
        raise InputError(f"erasure: {schema}.{table.name} changed while the build read it. Build again.")


def _models_in(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> list[tuple[str, str, str]]:
    """Return type, schema and name of each table and view of a model or seed, here or in an attached database."""
    return connection.execute(
        "select table_type, table_schema, table_name from information_schema.tables"
        " where table_catalog = coalesce(?, current_database()) and list_contains(?, table_schema)"
        " and table_name <> 'audit_builds' and table_schema <> 'private' and not starts_with(table_schema, 'raw_')",
        [database, sorted(own_schemas())],
    ).fetchall()


def rewrite(warehouse: Path, sound: Collection[str], change: Callable[[duckdb.DuckDBPyConnection], object]) -> None:
    """Rewrite the warehouse file with the seeds, the models in `sound`, and all tables that are not models.

    `change` runs on the new file before it replaces the old one, so that deleted rows leave no trace in the file.
    """
    fresh = warehouse.with_name(".warehouse.rewriting.duckdb")
    fresh.unlink(missing_ok=True)
    open_warehouse(fresh).close()
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{str(warehouse).replace(chr(39), chr(39) * 2)}' as old")
        connection.execute(f"attach '{str(fresh).replace(chr(39), chr(39) * 2)}' as fresh")
        for kind, schema, name in _models_in(connection, "old"):
            if schema != "seeds" and f"{schema}.{name}" not in sound:
                connection.execute(f'drop {"view" if kind == "VIEW" else "table"} old.{schema}."{name}"')
        # rows that are deleted before the commit never reach the disk
        connection.execute("begin")
        connection.execute("copy from database old to fresh")
        connection.execute("use fresh")
        change(connection)
        connection.execute("commit")
        connection.execute("use memory")
    os.replace(fresh, warehouse)
