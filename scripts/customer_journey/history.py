"""The builds of an output folder: which ran, and how each ended, one that was killed too.

A build writes itself down before it touches anything and says at its end how that went. What still runs when the next
build begins was killed; it had published if readers see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from customer_journey.landing import kind_of

RUNNING, PUBLISHING, PUBLISHED, FAILED, INTERRUPTED = "running", "publishing", "published", "failed", "interrupted"

_COLUMNS = "build_id, as_of, started_at, finished_at, status, definition_version"


@dataclass(frozen=True)
class BuildRecord:
    """One build, as audit_builds shows it."""

    build_id: str
    as_of: datetime
    started_at: datetime
    finished_at: datetime | None = None
    status: str = RUNNING
    definition_version: str | None = None


def begin(connection: duckdb.DuckDBPyConnection, build: BuildRecord, published_build: str | None) -> None:
    """Write a build down that begins, and how those ended that did not live to say so."""
    connection.execute("create schema if not exists private")
    connection.execute(
        "create table if not exists private.builds (build_id varchar, as_of timestamp, started_at timestamp,"
        " finished_at timestamp, status varchar, definition_version varchar)"
    )
    connection.execute(
        "update private.builds set status = case when build_id = ? then ? else ? end where status in (?, ?)",
        [published_build, PUBLISHED, INTERRUPTED, RUNNING, PUBLISHING],
    )
    _put(connection, build)


def end(connection: duckdb.DuckDBPyConnection, build: BuildRecord) -> None:
    """Write down how far a build has come, also in the marts that the warehouse holds."""
    _put(connection, build)
    if kind_of(connection, "marts", "audit_builds"):
        connection.execute(
            "update marts.audit_builds set status = ? where build_id = ?", [build.status, build.build_id]
        )


def all_builds(connection: duckdb.DuckDBPyConnection) -> Sequence[Sequence[Any]]:
    """Return every build, the first one first, as audit_builds has it."""
    return connection.execute(f"select {_COLUMNS} from private.builds order by build_id").fetchall()


def _put(connection: duckdb.DuckDBPyConnection, build: BuildRecord) -> None:
    connection.execute("delete from private.builds where build_id = ?", [build.build_id])
    connection.execute(
        f"insert into private.builds ({_COLUMNS}) values (?, ?, ?, ?, ?, ?)",
        [build.build_id, build.as_of, build.started_at, build.finished_at, build.status, build.definition_version],
    )
