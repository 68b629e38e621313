"""Erasure: what was landed of persons who asked for it is deleted before the models are built.

Who they are is known once staging has normalised identifiers and identity has linked them, so a first dbt pass builds
just these. What stays is the suppression list: keyed hashes of the persons' identifiers, by which rows that arrive
later are recognised.
"""

import os
from pathlib import Path

import duckdb

from customer_journey.contract import RawTable, raw_tables
from customer_journey.hash_key import hash_key
from customer_journey.warehouse import open_warehouse

# what the first dbt pass has to build, with everything before it
IDENTITY_MODELS = ("int_person_identifiers", "int_former_identifiers", "stg_*")

# Columns that hold an identifier under another name than its type's.
_ALIASES = {
    "merged_into_contact_id": "contact_id",
    "referrer_contact_id": "contact_id",
    "referred_contact_id": "contact_id",
    "referred_email": "email",
}
_TYPES = ("contact_id", "email", "phone", "anonymous_id")

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
    connection.execute(
        "create table if not exists private.erased_rows (file_id bigint, source_table varchar, row_count bigint)"
    )
    connection.execute("create table if not exists private.last_erasure (landed_files varchar)")


def is_due(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether files have landed since the last erasure while somebody is, or asks to be, erased."""
    if _landed_files(connection) == _landed_files_at_last_erasure(connection):
        return False
    requests = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'raw_privacy' and table_name = 'erasure_requests'"
        " and estimated_size > 0"
    ).fetchone()
    suppressed = connection.execute("select 1 from private.suppression_list limit 1").fetchone()
    return requests is not None or suppressed is not None


def _landed_files(connection: duckdb.DuckDBPyConnection) -> str | None:
    row = connection.execute(
        "select md5(string_agg(path || sha256, '|' order by path)) from private.landed_files"
    ).fetchone()
    return row[0] if row else None


def _landed_files_at_last_erasure(connection: duckdb.DuckDBPyConnection) -> str | None:
    row = connection.execute("select landed_files from private.last_erasure").fetchone()
    return row[0] if row else None


def erase(warehouse: Path) -> int:
    """Delete the landed rows of everybody who asked for it and return how many rows those were.

    The warehouse file is written anew with the landed layer alone, since a deleted row stays in the blocks of a
    DuckDB file until they are needed again. The models are built from it afterwards.
    """
    with open_warehouse(warehouse) as connection:
        connection.execute("set variable hash_key = ?", [hash_key()])
        connection.execute("begin")
        _suppress(connection)
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
                )
                """
            )
        erased = _delete(connection)
        connection.execute("delete from private.last_erasure")
        connection.execute("insert into private.last_erasure values (?)", [_landed_files(connection)])
        connection.execute("commit")
    if erased:
        _rewrite(warehouse)
    return erased


def _staged(source_table: str) -> str:
    return f"staging.stg_{source_table.replace('.', '__')}"


def _hash(identifier: str) -> str:
    # as the macro keyed_hash spells it
    return f"sha256(concat_ws('|', getvariable('hash_key'), {identifier}))"


def _suppress(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        insert into private.suppression_list
        with requested as (
            select identifier_type || ':' || identifier_value as identifier
            from staging.stg_privacy__erasure_requests
            where row_status <> 'quarantined'
        ),
        persons as (
            select person_id from intermediate.int_person_identifiers
            where identifier in (select identifier from requested)
        )
        select {_hash("identifier")} from requested
        union
        select identifier_hash from intermediate.int_person_identifiers
        where person_id in (select person_id from persons)
        union
        -- an address that the person gave up and nobody took over
        select {_hash("former.identifier")}
        from intermediate.int_former_identifiers as former
        inner join intermediate.int_person_identifiers as contacts on former.contact_identifier = contacts.identifier
        where contacts.person_id in (select person_id from persons)
            and former.identifier not in (select identifier from intermediate.int_person_identifiers)
        except
        select identifier_hash from private.suppression_list
        """
    )


def _doom(connection: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """Note the rows of one table that carry a suppressed identifier, whatever staging made of them."""
    staged = _staged(table.source_table)
    identifiers = {
        column: f"'{_ALIASES.get(column, column)}:' || {column}"
        for column in table.columns
        if _ALIASES.get(column, column) in _TYPES
    }
    if "identifier_value" in table.columns:
        identifiers["identifier_value"] = "identifier_type || ':' || identifier_value"
    for identifier in identifiers.values():
        connection.execute(
            f"""
            insert into doomed
            select '{table.source_table}', _file_id, _row_number
            from {staged}
            where {identifier} in (
                select identifier from (select distinct {identifier} as identifier from {staged})
                where {_hash("identifier")} in (select identifier_hash from private.suppression_list)
            )
            """
        )


def _delete(connection: duckdb.DuckDBPyConnection) -> int:
    rows = connection.execute(
        "insert into private.erased_rows"
        " select _file_id, source_table, count(*) from (select distinct * from doomed) group by _file_id, source_table"
        " returning source_table, row_count"
    ).fetchall()
    for table in {source_table for source_table, _ in rows}:
        source, name = table.split(".")
        connection.execute(
            f"delete from raw_{source}.{name} as landed using doomed where doomed.source_table = '{table}'"
            " and landed._file_id = doomed._file_id and landed._row_number = doomed._row_number"
        )
    return sum(count for _, count in rows)


def _rewrite(warehouse: Path) -> None:
    fresh = warehouse.with_name(".warehouse.rewriting.duckdb")
    fresh.unlink(missing_ok=True)
    open_warehouse(fresh).close()
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{str(warehouse).replace(chr(39), chr(39) * 2)}' as old (read_only)")
        connection.execute(f"attach '{str(fresh).replace(chr(39), chr(39) * 2)}' as fresh")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'old'"
            " and (schema_name like 'raw\\_%' escape '\\' or schema_name = 'private' or table_name = 'audit_builds')"
        ).fetchall()
        for schema, table in tables:
            connection.execute(f"create schema if not exists fresh.{schema}")
            connection.execute(f"create table fresh.{schema}.{table} as from old.{schema}.{table}")
    os.replace(fresh, warehouse)
