"""Raw tables that an EL tool keeps in schemas of the warehouse: creates views over them, or refuses them."""

from collections.abc import Collection, Mapping

import duckdb

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError
from customer_journey.landing.contract_checks import check_columns, check_main_tables
from customer_journey.landing.landed import LandingReport, landed_kind, texts_of
from customer_journey.paths import PROJECT
from customer_journey.project_files import read_yaml
from customer_journey.raw.file_columns import Column


def point_at_schemas(connection: duckdb.DuckDBPyConnection, schemas: Mapping[str, str]) -> LandingReport:
    """Create one view for each raw table over the tables that an EL tool keeps in the warehouse, in `schemas[source]`.

    Raises:
        InputError: a source or schema is unknown, a required table or column is missing, or rows of files landed here.
    """
    report = LandingReport(in_place=schemas)
    tables = raw_tables()
    check_schemas(schemas, own_schemas())
    before = {table.label for table in tables if landed_kind(connection, table) == "VIEW"}
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
            report.drift += check_columns(table, where, where, columns, is_file=False)
            connection.execute(f"create schema if not exists raw_{table.source}")
            connection.execute(
                f"create view {table.relation} as select {', '.join(texts_of(table, columns))}, 0::bigint as _file_id,"
                f' row_number() over () as _row_number from "{schema}".{table.name}'
            )
        delivered = {table for table in tables if table.label not in report.absent_tables}
        check_main_tables("warehouse: ", delivered, before)
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
    project = read_yaml(PROJECT / "dbt_project.yml")
    folders = [*project["models"][project["name"]].values(), project["seeds"][project["name"]]]
    of_models = {folder["+schema"] for folder in folders if isinstance(folder, dict) and "+schema" in folder}
    return {"private"} | {f"raw_{table.source}" for table in raw_tables()} | of_models


def _drop_relation(connection: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """Drop the view of the last build, or the empty table that dbt made because there was none."""
    kind = landed_kind(connection, table)
    if kind == "VIEW":
        connection.execute(f"drop view {table.relation}")
    elif kind is not None:
        if connection.execute(f"select 1 from {table.relation} limit 1").fetchone():
            raise InputError(
                "--out: this folder holds rows landed from files, which --raw-schemas would lose. "
                "Let the EL tool write to the warehouse.duckdb of another --out."
            )
        connection.execute(f"drop table {table.relation}")


def _warehouse_columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[Column]:
    rows = connection.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = ? and table_name = ? order by ordinal_position",
        [schema, table],
    ).fetchall()
    return [Column(row[0], row[1]) for row in rows]
