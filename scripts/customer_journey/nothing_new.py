"""Digests of the inputs of the published build, so that a build without new inputs can be skipped.

They are kept in a note in the output folder. A build removes the note before it changes anything and writes a new one
after its marts are published; a build that fails or is killed leaves none. Imports must be quick here.
"""

import hashlib
import hmac
import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from customer_journey.contract import raw_tables
from customer_journey.landing.land import unchanged_files
from customer_journey.landing.landed import FROM_CATALOG, kind_of, landed_digest
from customer_journey.paths import PROJECT, Output, write_whole
from customer_journey.privacy.hash_key import hash_key, keyed_digest
from customer_journey.publishing.publish import SCHEMA

# The folders and files of the project that a build reads.
_FOLDERS = ("models", "macros", "seeds", "tests/dbt", "expectations", "adapters", "scripts/customer_journey")
_FILES = ("dbt_project.yml", "profiles.yml", "pyproject.toml", "uv.lock")
_LIBRARIES = ("dbt-core", "dbt-duckdb", "great_expectations", "scipy")
# The address of the cluster that runs the build.
_PLACE = ("JOURNEY_SPARK_HOST", "JOURNEY_SPARK_PORT")


@dataclass(frozen=True)
class Unchanged:
    """The published build, which is still current because no input has changed."""

    build_id: str
    as_of: str
    published: str


def origin_of(
    engine: str, settings: Mapping[str, Any], raw_schemas: Mapping[str, str] | None, project: Path = PROJECT
) -> dict[str, str]:
    """Return digests of the inputs of a build other than its rows: project, settings, engine and schemas."""
    place = {name: os.environ.get(name, "") for name in _PLACE} if engine == "spark" else {}
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    return {
        "project": _digest(part for file in digests_of_project(project).items() for part in file),
        "settings": _digest([json.dumps(dict(sorted(settings.items())))]),
        "engine": _digest(
            [engine, json.dumps(place), platform.python_version(), f"duckdb {duckdb.__version__}", *libraries]
        ),
        "raw_schemas": _digest([json.dumps(dict(sorted((raw_schemas or {}).items())))]),
    }


def rows_of(connection: duckdb.DuckDBPyConnection, raw_schemas: Mapping[str, str] | None) -> str | None:
    """Return a digest of the landed rows; None if only a build can tell whether they have changed."""
    landed = landed_digest(connection) or ""
    if not raw_schemas:
        return _digest([landed])
    if not _are_tables_here(connection, raw_schemas):
        return None
    counted = [landed]
    for table in raw_tables():
        schema = raw_schemas.get(table.source)
        if schema is not None and kind_of(connection, schema, table.name) is not None:
            row = connection.execute(
                f'select count(*), sum(hash(there)::hugeint) from "{schema}".{table.name} as there'
            ).fetchone()
            columns = connection.execute(f'describe "{schema}".{table.name}').fetchall()
            counted.append(f"{schema}.{table.name} {row} {[column[:2] for column in columns]}")
    return _digest(counted)


def forget(output: Output) -> None:
    """Remove the note, before the build changes anything."""
    output.built_from.unlink(missing_ok=True)


def remember(output: Output, build_id: str, origin: Mapping[str, str], rows: str | None, files: Iterable[str]) -> None:
    """Write the note for the build that was just published; `files` are the files of the raw folder."""
    if rows is None:
        return
    note = {
        "build_id": build_id,
        "origin": dict(origin),
        "rows": rows,
        "hash_key": _keyed(build_id),
        "files": sorted(files),
    }
    write_whole(output.built_from, json.dumps(note, indent=1))


def unchanged(
    output: Output,
    origin: Mapping[str, str],
    settings: Mapping[str, Any],
    raw: Path | None,
    raw_schemas: Mapping[str, str] | None,
) -> Unchanged | None:
    """Return the published build if all its inputs are unchanged; None if any may have changed."""
    try:
        note = json.loads(output.built_from.read_text(encoding="utf-8"))
        build_id = str(note["build_id"])
        is_same = note["origin"] == dict(origin) and hmac.compare_digest(note["hash_key"], _keyed(build_id))
        files, rows = note["files"], note["rows"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not is_same or published_build(output) != build_id or not output.warehouse.exists():
        return None
    try:
        with duckdb.connect(str(output.warehouse), read_only=True) as connection:
            if _remembered_settings(connection) != dict(settings) or rows_of(connection, raw_schemas) != rows:
                return None
            if raw is not None and (not raw.is_dir() or unchanged_files(connection, raw) != files):
                return None
    except (duckdb.Error, OSError):
        # locked or damaged: the build will report which
        return None
    published = output.published_on_spark if output.published_on_spark.exists() else output.published
    return Unchanged(build_id, str(settings["as_of"]), str(published))


def _are_tables_here(connection: duckdb.DuckDBPyConnection, raw_schemas: Mapping[str, str]) -> bool:
    """Return whether the tables of the EL tool are in the warehouse itself, not in Spark's catalog."""
    exported = (
        kind_of(connection, "private", "landed_files")
        and connection.execute(
            "select 1 from private.landed_files where starts_with(path, ?) limit 1", [FROM_CATALOG]
        ).fetchone()
    )
    return not exported and all(
        connection.execute("select 1 from information_schema.schemata where schema_name = ?", [schema]).fetchone()
        for schema in raw_schemas.values()
    )


def published_build(output: Output) -> str | None:
    """Return the id of the build whose marts are published; None if there is none."""
    try:
        if output.published_on_spark.exists():
            note = json.loads(output.published_on_spark.read_text(encoding="utf-8"))
            folders = [Path(folder) for folder in note["marts"].values()]
            # marts of a cluster may lie on storage that this machine cannot see
            here = [folder for folder in folders if folder.is_relative_to(output.root)]
            return str(note["build_id"]) if all(folder.is_dir() for folder in here) else None
        with duckdb.connect(str(output.published), read_only=True) as connection:
            row = connection.execute(f"select build_id from {SCHEMA}.build_info").fetchone()
            return str(row[0]) if row else None
    except (duckdb.Error, OSError, ValueError, KeyError):
        return None


def _remembered_settings(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return the settings of the last run on the warehouse; a plain `dbt build` may have used others."""
    rows = connection.execute("select name, value from private.settings").fetchall()
    return {name: json.loads(value) for name, value in rows}


def _keyed(build_id: str) -> str:
    """Return the keyed digest of the build id, which shows a change of the hash key without revealing the key."""
    return keyed_digest(build_id, hash_key())


def digests_of_project(project: Path = PROJECT) -> dict[str, str]:
    """Return a digest of each file of the project that a build reads, by its path in the project."""
    files = [project / name for name in _FILES]
    for folder in _FOLDERS:
        files += sorted((project / folder).rglob("*"))
    return {
        file.relative_to(project).as_posix(): _digest([file.read_bytes()])
        for file in files
        # without Python's compiled copies
        if file.is_file() and file.parent.name != "__pycache__"
    }


def _digest(parts: Iterable[str | bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8))
        digest.update(content)
    return digest.hexdigest()
