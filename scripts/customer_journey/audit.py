"""Writes the audit marts about a build: its checks, the history of builds, and its versions.

These three marts cannot be dbt models, because they record how the dbt run ended. Their columns are described as dbt
sources in models/marts/audit/_build__sources.yml, and the tables are created from these descriptions.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, Protocol

from customer_journey.checks.result import CheckResult
from customer_journey.operations.history import BuildRecord
from customer_journey.paths import PROJECT
from customer_journey.privacy.hash_key import DEMO_KEY, fingerprint, hash_key
from customer_journey.project_files import read_yaml


@cache
def described_tables() -> dict[str, dict[str, Any]]:
    """Return the described tables of these marts by name."""
    file = PROJECT / "models" / "marts" / "audit" / "_build__sources.yml"
    (source,) = read_yaml(file)["sources"]
    return {table["name"]: table for table in source["tables"]}


class AuditStore(Protocol):
    """The schema in which an engine builds its marts."""

    schema: str
    engine_version: str

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""

    def insert(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        """Add rows to a table of the schema."""

    def has_table(self, table: str) -> bool:
        """Return whether the schema has the table."""


def record_build(
    store: AuditStore,
    build: BuildRecord,
    builds: Sequence[Sequence[Any]],
    checks: Sequence[CheckResult],
    settings: Mapping[str, Any],
) -> None:
    """Rewrite audit_checks, audit_builds and build_info; `builds` are all builds of this folder, including this one."""
    store.execute(f"create schema if not exists {store.schema}")
    # an earlier version kept the history only in this table
    known = {row[0] for row in builds}
    earlier = (
        [row for row in store.execute(f"select * from {store.schema}.audit_builds") if row[0] not in known]
        if store.has_table("audit_builds")
        else []
    )
    for name, described in described_tables().items():
        store.execute(f"drop table if exists {store.schema}.{name}")
        columns = ", ".join(f"{column['name']} {column['data_type']}" for column in described["columns"])
        store.execute(f"create table {store.schema}.{name} ({columns})")
    store.insert(
        "audit_checks",
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
    store.insert("audit_builds", [*earlier, *builds])
    store.insert(
        "build_info",
        [
            [
                build.build_id,
                build.as_of,
                version("customer-journey"),
                version("dbt-core"),
                store.engine_version,
                build.definition_version,
                json.dumps(dict(sorted(settings.items()))),
                fingerprint(hash_key()),
                hash_key() == DEMO_KEY,
            ]
        ],
    )


def definitions_version(store: AuditStore) -> str | None:
    """The md5 over the definition_version of every stage; None if a failed build has not created dim_stages."""
    if not store.has_table("dim_stages"):
        return None
    rows = store.execute(f"select stage, definition_version from {store.schema}.dim_stages")
    versions = [definition_version for _, definition_version in sorted(rows)]
    return hashlib.md5("|".join(versions).encode(), usedforsecurity=False).hexdigest()
