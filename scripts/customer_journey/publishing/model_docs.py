"""Writes OUT/docs: dbt's documentation of every model and column, as one file that needs no network.

`dbt docs generate --static` makes the same page, but compiles the whole project again. The manifest of the build
already has everything, including the SQL that was run, so writing the page from it takes a second.
"""

import json
from pathlib import Path
from typing import Any

import duckdb

from customer_journey.errors import InputError
from customer_journey.paths import Output, make_private, write_whole
from customer_journey.warehouse import quoted

_CATALOG_SCHEMA = "https://schemas.getdbt.com/dbt/catalog/v1.json"
# paths of the project on this machine, which mean nothing to a reader
_LOCAL_PATHS = ("build_path", "compiled_path", "root_path")
# the placeholders in dbt's page for the documents it shows
_PLACES = {"manifest": '"MANIFEST.JSON INLINE DATA"', "catalog": '"CATALOG.JSON INLINE DATA"'}

# the type of each column, by (schema, relation) in lower case and column
_Types = dict[tuple[str, str], dict[str, str]]


def write_docs(output: Output) -> Path:
    """Write the page of the last build of an output folder and return its path.

    Raises:
        InputError: nothing was built here.
    """
    from dbt.task.docs import DOCS_INDEX_FILE_PATH

    manifest = _manifest(output)
    for node in [*manifest["nodes"].values(), *manifest["sources"].values()]:
        for name in _LOCAL_PATHS:
            node.pop(name, None)
    page = Path(DOCS_INDEX_FILE_PATH).read_text(encoding="utf-8")
    for name, document in (("manifest", manifest), ("catalog", _catalog(manifest, _types(output)))):
        # escape "</": a description that contains "</script>" would end this script
        page = page.replace(_PLACES[name], json.dumps(document, separators=(",", ":")).replace("</", "<\\/"))
    make_private(output.docs.parent)
    write_whole(output.docs, page)
    return output.docs


def docs_of_build(output: Output) -> None:
    """Write the page after a build; a failure does not affect the build, whose marts are already published.

    On failure the existing page is deleted, because it would describe an older build.
    """
    try:
        write_docs(output)
    except Exception:
        output.docs.unlink(missing_ok=True)


def _manifest(output: Output) -> dict[str, Any]:
    found = sorted((output.root / "dbt").glob("*/manifest.json"), key=lambda file: file.stat().st_mtime)
    if not found:
        raise InputError(f"{output.root}: nothing was built here. Run scripts/build --out {output.root} first.")
    manifest: dict[str, Any] = json.loads(found[-1].read_text(encoding="utf-8"))
    return manifest


def _types(output: Output) -> _Types:
    """Return the column types of the private warehouse; none if it is missing, or if a running build has it open."""
    types: _Types = {}
    if not output.warehouse.exists():
        return types
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"attach '{quoted(output.warehouse)}' as warehouse (read_only)")
            rows = connection.execute(
                "select schema_name, table_name, column_name, data_type from duckdb_columns()"
                " where database_name = 'warehouse' order by schema_name, table_name, column_index"
            ).fetchall()
    except duckdb.IOException:
        return types
    for schema, relation, column, kind in rows:
        types.setdefault((schema.lower(), relation.lower()), {})[column] = kind
    return types


def _catalog(manifest: dict[str, Any], types: _Types) -> dict[str, Any]:
    """Return dbt's catalog: each relation with its columns and types in the warehouse, else with the described ones."""
    return {
        "metadata": {
            "dbt_schema_version": _CATALOG_SCHEMA,
            "dbt_version": manifest["metadata"]["dbt_version"],
            "generated_at": manifest["metadata"]["generated_at"],
        },
        "nodes": {
            name: _relation(name, node, types)
            for name, node in manifest["nodes"].items()
            if node["resource_type"] in ("model", "seed")
        },
        "sources": {name: _relation(name, source, types) for name, source in manifest["sources"].items()},
        "errors": None,
    }


def _relation(unique_id: str, node: dict[str, Any], types: _Types) -> dict[str, Any]:
    name = node.get("alias") or node.get("identifier") or node["name"]
    described = {column: each.get("data_type") or "" for column, each in node["columns"].items()}
    columns = types.get((node["schema"].lower(), name.lower())) or described
    return {
        "unique_id": unique_id,
        "metadata": {
            "type": str(node.get("config", {}).get("materialized", "table")).upper(),
            "schema": node["schema"],
            "name": name,
            "database": node.get("database"),
            "comment": None,
            "owner": None,
        },
        "columns": {
            column: {"name": column, "type": kind, "index": place, "comment": None}
            for place, (column, kind) in enumerate(columns.items(), 1)
        },
        "stats": {},
    }
