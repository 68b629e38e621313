"""The history of builds of an output folder with the status of each, including builds that were killed.

A build inserts its row before it changes anything and sets its final status at the end. A build that is still marked
running when the next one starts was killed; if its marts are the published ones, it counts as published.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from customer_journey.landing.landed import kind_of

RUNNING, PUBLISHING, PUBLISHED, FAILED, INTERRUPTED = "running", "publishing", "published", "failed", "interrupted"

_COLUMNS = "build_id, as_of, started_at, finished_at, status, definition_version"


@dataclass(frozen=True)
class BuildRecord:
    """One build: a row of audit_builds."""

    build_id: str
    as_of: datetime
    started_at: datetime
    finished_at: datetime | None = None
    status: str = RUNNING
    definition_version: str | None = None


def begin(connection: duckdb.DuckDBPyConnection, build: BuildRecord, published_build: str | None) -> None:
    """Insert the row of a build that starts, and set the final status of earlier builds that were killed."""
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
    """Store the current status of a build, also in audit_builds if the warehouse has it."""
    _put(connection, build)
    if kind_of(connection, "marts", "audit_builds"):
        connection.execute(
            "update marts.audit_builds set status = ? where build_id = ?", [build.status, build.build_id]
        )


def all_builds(connection: duckdb.DuckDBPyConnection) -> Sequence[Sequence[Any]]:
    """Return all builds, oldest first, with the columns of audit_builds."""
    return connection.execute(f"select {_COLUMNS} from private.builds order by build_id").fetchall()


def _put(connection: duckdb.DuckDBPyConnection, build: BuildRecord) -> None:
    connection.execute("delete from private.builds where build_id = ?", [build.build_id])
    connection.execute(
        f"insert into private.builds ({_COLUMNS}) values (?, ?, ?, ?, ?, ?)",
        [build.build_id, build.as_of, build.started_at, build.finished_at, build.status, build.definition_version],
    )
