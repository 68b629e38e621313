"""Erasure: what was landed of persons who asked for it is deleted before the models are built.

Who they are is known once staging has normalised identifiers and identity has linked them, so a first dbt run builds
just these. Where that finds nobody to erase, the build goes on from them; else from the staged tables, less the rows
erased.

What stays is the suppression list: hashes of the persons' identifiers, by which rows that arrive later are recognised.
They are hashed with a key of its own, which is none of those that person_ids are made with and outlives them all. Until
a build has been published without the persons, their hashes under those keys stay too: by them what is remembered of
earlier builds is forgotten.

Where an EL tool keeps the raw tables in the warehouse, its rows are deleted there. Behind a view they cannot be: the
build is refused until somebody has deleted them at their origin. What was exported from Spark's catalog is landed like
files, and erased like these.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import duckdb

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError
from customer_journey.hash_key import Ring, hash_key, ring_of
from customer_journey.landing import FROM_CATALOG, kind_of, landed_digest, own_schemas
from customer_journey.warehouse import open_warehouse

# dbt's selectors of what a first run has to build: what identity and staging need
BEFORE_ERASURE = ("+int_person_identifiers", "+int_former_identifiers", "+stg_*")

# Columns that hold an identifier under another name than its type's.
_ALIASES = {
    "merged_into_contact_id": "contact_id",
    "referrer_contact_id": "contact_id",
    "referred_contact_id": "contact_id",
    "referred_email": "email",
}
_TYPES = ("contact_id", "email", "phone", "anonymous_id")

# Columns that hold several identifiers, which staging has parted by semicolons, and their type.
_LISTS = {"merged_contact_ids": "contact_id"}

# Rows that name nobody but belong to a row that does: child -> parent and the key that links them.
_CHILDREN = {
    "orders.order_items": ("orders.orders", "order_id"),
    "orders.refunds": ("orders.orders", "order_id"),
    "crm.deal_changes": ("crm.deals", "deal_id"),
}


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that erasure keeps, if they are not there yet."""
    connection.execute("create schema if not exists private")
    connection.execute("create table if not exists private.suppression_list (identifier_hash varchar)")
    # outputs of releases that kept hashes of 64 digits: whoever was erased then stays erased
    connection.execute("update private.suppression_list set identifier_hash = left(identifier_hash, 32)")
    connection.execute("create table if not exists private.erased_hashes (identifier_hash varchar)")
    connection.execute(
        "create table if not exists private.erased_rows (file_id bigint, source_table varchar, row_count bigint)"
    )
    connection.execute("create table if not exists private.last_erasure (landed_files varchar)")


def is_due(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether rows may have come since the last erasure while somebody is, or asks to be, erased."""
    if kind_of(connection, "private", "unfinished_erasure"):
        return True
    requests = kind_of(connection, "raw_privacy", "erasure_requests")
    # an EL tool does not say what it changed
    if requests != "VIEW" and landed_digest(connection) == _landed_files_at_last_erasure(connection):
        return False
    tables = ["private.suppression_list", *(["raw_privacy.erasure_requests"] if requests else [])]
    return any(connection.execute(f"select 1 from {table} limit 1").fetchone() for table in tables)


def _landed_files_at_last_erasure(connection: duckdb.DuckDBPyConnection) -> str | None:
    row = connection.execute("select landed_files from private.last_erasure").fetchone()
    return row[0] if row else None


def erase(warehouse: Path, schemas: Mapping[str, str] | None = None) -> int:
    """Delete the raw rows of everybody who asked for it and return how many rows those were.

    `schemas` are those where an EL tool keeps the tables of a source. The warehouse file is written anew, since a
    deleted row stays in the blocks of a DuckDB file until they are needed again, and without the models that show more
    than these rows. They are built from it afterwards.

    Raises:
        InputError: rows of an EL tool cannot be deleted. Whom to erase is remembered, nothing is deleted.
    """
    with open_warehouse(warehouse) as connection:
        ring = ring_of(connection, hash_key())
        connection.execute("set variable suppression_key = ?", [ring.suppression])
        connection.execute("begin")
        is_unfinished = kind_of(connection, "private", "unfinished_erasure") is not None
        connection.execute(
            "create table if not exists private.unfinished_erasure (source_table varchar, row_id varchar)"
        )
        _suppress(connection, ring)
        connection.execute("create temp table doomed (source_table varchar, _file_id bigint, _row_number bigint)")
        for table in raw_tables():
            _doom(connection, table)
        for child, (parent, key) in _CHILDREN.items():
            connection.execute(
                f"""
                insert into doomed
                select '{child}', children._file_id, children._row_number
                from {_staged(child)} as children
                where children.{key} in (
                    select parents.{key} from {_staged(parent)} as parents
                    inner join doomed using (_file_id, _row_number)
                    where doomed.source_table = '{parent}'
                    union all
                    -- the parent may be gone already where somebody deleted by hand
                    select row_id from private.unfinished_erasure where source_table = '{parent}'
                    except
                    -- somebody else's, of which one version alone named the person
                    select distinct parents.{key} from {_staged(parent)} as parents
                    anti join doomed
                        on doomed.source_table = '{parent}'
                        and parents._file_id = doomed._file_id and parents._row_number = doomed._row_number
                )
                """
            )
        if views := _views_of_doomed_rows(connection, schemas or {}):
            _leave_unfinished(connection)
            connection.execute("commit")
            raise InputError(
                f"erasure: {', '.join(views)}: a view, so its rows of persons who asked to be erased cannot be deleted "
                "here. Delete them where the EL tool keeps them (private.unfinished_erasure in the warehouse lists "
                "them), and build again. Nothing was published."
            )
        sound = _delete_staged(connection, schemas or {})
        erased = _delete(connection, schemas or {})
        _forget(connection)
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
    """Return the names of the models and seeds that stand in the warehouse: all where nothing was erased."""
    with open_warehouse(warehouse) as connection:
        return {name for _, _, name in _models_in(connection)}


def is_unpublished(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether rows were erased that what was published last may show, also where builds have failed since."""
    return kind_of(connection, "private", "unpublished_erasure") is not None


def was_published(connection: duckdb.DuckDBPyConnection) -> None:
    """Remember that what is published now was built without any erased row."""
    connection.execute("drop table if exists private.unpublished_erasure")
    connection.execute("delete from private.erased_hashes")


def left_at_their_origin(connection: duckdb.DuckDBPyConnection, exported: Sequence[str]) -> list[tuple[str, int]]:
    """Return the exported tables, as landing knows them, that hold rows of erased persons, and how many.

    Such rows are deleted wherever this build keeps them, but the tables are the EL tool's.
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


def _staged(source_table: str) -> str:
    return f"staging.stg_{source_table.replace('.', '__')}"


def _hash(parts: str, key: str = "getvariable('suppression_key')") -> str:
    # as the macro keyed_hash spells it
    return f"left(sha256(concat_ws('|', {key}, {parts})), 32)"


def _suppress(connection: duckdb.DuckDBPyConnection, ring: Ring) -> None:
    connection.execute(
        """
        create temp table suppressed as
        with requested as (
            select identifier_type || ':' || identifier_value as identifier
            from staging.stg_privacy__erasure_requests
            where row_status <> 'quarantined'
        ),
        persons as (
            select person_id from intermediate.int_person_identifiers
            where identifier in (select identifier from requested)
        ),
        identifiers as (
            select identifier from requested
            union
            select identifier from intermediate.int_person_identifiers
            where person_id in (select person_id from persons)
            union
            -- an address that the person gave up and nobody took over
            select former.identifier
            from intermediate.int_former_identifiers as former
            inner join intermediate.int_person_identifiers as contacts
                on former.contact_identifier = contacts.identifier
            where contacts.person_id in (select person_id from persons)
                and not former.is_placeholder
                and former.identifier not in (select identifier from intermediate.int_person_identifiers)
        )
        select identifier from identifiers
        """
    )
    connection.execute(
        f"""
        insert into private.suppression_list
        select {_hash("identifier")} from suppressed
        except
        select identifier_hash from private.suppression_list
        """
    )
    # what an earlier build may have called them: each identifier, and the person_id that it gives
    for key in (ring.key, *ring.former):
        connection.execute(
            f"""
            insert into private.erased_hashes
            select {_hash("identifier", "$key")} from suppressed
            union
            select {_hash("'person', identifier", "$key")} from suppressed
            except
            select identifier_hash from private.erased_hashes
            """,
            {"key": key},
        )


def _doom(connection: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """Note the rows of one table that carry a suppressed identifier, whatever staging made of them.

    A version of such a row that names nobody is the same person's; one that names somebody else is not.
    """
    staged = _staged(table.source_table)
    identifiers = {
        column: f"'{_ALIASES.get(column, column)}:' || {column}"
        for column in table.columns
        if _ALIASES.get(column, column) in _TYPES
    }
    if "identifier_value" in table.columns:
        identifiers["identifier_value"] = "identifier_type || ':' || identifier_value"
    identifiers |= {
        column: f"unnest(['{kind}:' || entry for entry in string_split({column}, ';')])"
        for column, kind in _LISTS.items()
        if column in table.columns
    }
    for identifier in identifiers.values():
        connection.execute(
            f"""
            insert into doomed
            select distinct '{table.source_table}', _file_id, _row_number
            from (select _file_id, _row_number, {identifier} as identifier from {staged})
            where identifier in (
                select identifier from (select distinct {identifier} as identifier from {staged})
                where {_hash("identifier")} in (select identifier_hash from private.suppression_list)
            )
            """
        )
    if identifiers:
        names_nobody = " and ".join(f"nameless.{column} is null" for column in identifiers)
        connection.execute(
            f"""
            insert into doomed
            select distinct '{table.source_table}', nameless._file_id, nameless._row_number
            from {staged} as nameless
            inner join {staged} as named on {_is_same_key(table, "nameless", "named")}
            where {names_nobody} and {_is_doomed(table, "named")}
            """
        )


def _is_doomed(table: RawTable, relation: str) -> str:
    return (
        f"exists (select 1 from doomed where doomed.source_table = '{table.source_table}'"
        f" and doomed._file_id = {relation}._file_id and doomed._row_number = {relation}._row_number)"
    )


def _is_same_key(table: RawTable, one: str, other: str) -> str:
    return " and ".join(f"{one}.{column} is not distinct from {other}.{column}" for column in table.key)


def _row_id(table: RawTable) -> str:
    """The column that names a row of a person; each table that _doom finds rows in has one, and requires it."""
    return next(column for column in table.columns if column.endswith("_id"))


def _doomed_tables(connection: duckdb.DuckDBPyConnection) -> list[RawTable]:
    rows = connection.execute("select distinct source_table from doomed").fetchall()
    return [table for table in raw_tables() if (table.source_table,) in rows]


def _views_of_doomed_rows(connection: duckdb.DuckDBPyConnection, schemas: Mapping[str, str]) -> list[str]:
    return [
        f"{schemas[table.source]}.{table.name}"
        for table in _doomed_tables(connection)
        if table.source in schemas and kind_of(connection, schemas[table.source], table.name) == "VIEW"
    ]


def _leave_unfinished(connection: duckdb.DuckDBPyConnection) -> None:
    """List every row to delete, for whoever does it, and for the children of those that are gone next time."""
    for table in _doomed_tables(connection):
        connection.execute(
            f"""
            insert into private.unfinished_erasure
            select '{table.source_table}', staged.{_row_id(table)}
            from {_staged(table.source_table)} as staged
            inner join doomed using (_file_id, _row_number)
            where doomed.source_table = '{table.source_table}'
            except
            from private.unfinished_erasure
            """
        )


def _delete(connection: duckdb.DuckDBPyConnection, schemas: Mapping[str, str]) -> int:
    rows = connection.execute(
        "insert into private.erased_rows"
        " select _file_id, source_table, count(*) from (select distinct * from doomed) group by _file_id, source_table"
        " returning source_table, row_count"
    ).fetchall()
    for table in _doomed_tables(connection):
        if table.source in schemas:
            _delete_from_schema(connection, table, schemas[table.source])
        else:
            connection.execute(
                f"delete from {table.relation} as landed using doomed"
                f" where doomed.source_table = '{table.source_table}'"
                " and landed._file_id = doomed._file_id and landed._row_number = doomed._row_number"
            )
    return sum(count for _, count in rows)


def _delete_staged(connection: duckdb.DuckDBPyConnection, schemas: Mapping[str, str]) -> set[str]:
    """Delete the rows from the staged tables too, and return those that are now as if they were built anew.

    Staging judges each row on its own, but for versions of one key: where one goes and another stays, the model has to
    say again which of them counts. The rows of an EL tool's table get other numbers by a deletion.
    """
    sound = set()
    for table in raw_tables():
        if table.source in schemas:
            continue
        staged = _staged(table.source_table)
        has_other_version = connection.execute(
            f"""
            select 1 from {staged} as gone
            inner join {staged} as kept on {_is_same_key(table, "kept", "gone")}
            where {_is_doomed(table, "gone")} and not {_is_doomed(table, "kept")}
                and gone.row_status in ('accepted', 'duplicate') and kept.row_status in ('accepted', 'duplicate')
            limit 1
            """
        ).fetchone()
        if has_other_version is None:
            connection.execute(f"delete from {staged} where {_is_doomed(table, staged)}")
            sound.add(staged)
    return sound


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Delete what is remembered of the person_ids of earlier builds. On Spark the models leave it out."""
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


def _delete_from_schema(connection: duckdb.DuckDBPyConnection, table: RawTable, schema: str) -> None:
    """Delete rows of an EL tool's table, but no others: the tool may have written since staging numbered them."""
    name = f'"{schema}".{table.name}'
    try:
        deleted = connection.execute(
            f"""
            delete from {name} where rowid in (
                select numbered.row_id
                from (select rowid as row_id, row_number() over () as _row_number from {name}) as numbered
                inner join {table.relation} as landed using (_row_number)
                inner join {_staged(table.source_table)} as staged using (_row_number)
                inner join doomed using (_row_number)
                where doomed.source_table = '{table.source_table}'
                    and lower(trim(landed.{_row_id(table)})) = lower(staged.{_row_id(table)})
            )
            """
        ).fetchone()
        expected = connection.execute(
            f"select count(distinct _row_number) from doomed where source_table = '{table.source_table}'"
        ).fetchone()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"erasure: {schema}.{table.name}: rows of erased persons cannot be deleted ({reason})."
        ) from error
    if deleted != expected:
        raise InputError(f"erasure: {schema}.{table.name} changed while the build read it. Build again.")


def _models_in(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> list[tuple[str, str, str]]:
    """Return kind, schema and name of each table and view that a model or seed made, here or in an attached one."""
    return connection.execute(
        "select table_type, table_schema, table_name from information_schema.tables"
        " where table_catalog = coalesce(?, current_database()) and list_contains(?, table_schema)"
        " and table_name <> 'audit_builds' and table_schema <> 'private' and not starts_with(table_schema, 'raw_')",
        [database, sorted(own_schemas())],
    ).fetchall()


def rewrite(warehouse: Path, sound: Collection[str], change: Callable[[duckdb.DuckDBPyConnection], object]) -> None:
    """Write the warehouse anew with seeds and the `sound` ones of the models; what others keep in it, too, stays.

    `change` is made to the new file before that takes the place of the old one, and leaves no trace of what was there.
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
        # what is deleted before anything is committed never reaches the disk
        connection.execute("begin")
        connection.execute("copy from database old to fresh")
        connection.execute("use fresh")
        change(connection)
        connection.execute("commit")
        connection.execute("use memory")
    os.replace(fresh, warehouse)
