"""What a build tells of itself: its checks, its place in the history of builds, its versions.

The three marts cannot be dbt models, since they say how the dbt run ended. Their columns are described, as dbt
sources, in models/marts/audit/_build__sources.yml, from which the tables are made.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any

import duckdb
import yaml

from customer_journey.checks.expectations import CheckResult
from customer_journey.paths import PROJECT


@dataclass(frozen=True)
class BuildRecord:
    """One build: `status` is published or failed."""

    build_id: str
    as_of: datetime
    started_at: datetime
    finished_at: datetime
    status: str


@cache
def described_tables() -> dict[str, dict[str, Any]]:
    """Return the tables of the build's own marts by name, as their .yml describes them."""
    file = PROJECT / "models" / "marts" / "audit" / "_build__sources.yml"
    (source,) = yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]
    return {table["name"]: table for table in source["tables"]}


def record_build(
    connection: duckdb.DuckDBPyConnection,
    build: BuildRecord,
    checks: Sequence[CheckResult],
    settings: Mapping[str, Any],
) -> None:
    """Write audit_checks and build_info anew and add the build to audit_builds, all in the warehouse."""
    connection.execute("create schema if not exists marts")
    for table in ("audit_checks", "build_info"):
        connection.execute(f"drop table if exists marts.{table}")
    for name, described in described_tables().items():
        columns = ", ".join(f"{column['name']} {column['data_type']}" for column in described["columns"])
        connection.execute(f"create table if not exists marts.{name} ({columns})")
    definitions = _definitions_version(connection)
    if checks:
        connection.executemany(
            "insert into marts.audit_checks values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                [
                    f"{c.kind}.{c.target}.{c.name}.{number}",
                    c.name,
                    c.kind,
                    c.target,
                    c.success,
                    c.severity,
                    c.failed_rows,
                    c.seconds,
                ]
                for number, c in enumerate(checks)
            ],
        )
    connection.execute(
        "insert into marts.audit_builds values (?, ?, ?, ?, ?, ?)",
        [build.build_id, build.as_of, build.started_at, build.finished_at, build.status, definitions],
    )
    connection.execute(
        "insert into marts.build_info values (?, ?, ?, ?, ?, ?, ?)",
        [
            build.build_id,
            build.as_of,
            version("customer-journey"),
            version("dbt-core"),
            version("duckdb"),
            definitions,
            json.dumps(dict(sorted(settings.items()))),
        ],
    )


def _definitions_version(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The md5 of every stage's definition_version; null where a failed build has made no dim_stages."""
    exists = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'marts' and table_name = 'dim_stages'"
    ).fetchone()
    if not exists:
        return None
    row = connection.execute(
        "select md5(string_agg(definition_version, '|' order by stage)) from marts.dim_stages"
    ).fetchone()
    return str(row[0]) if row else None
