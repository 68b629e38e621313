"""Opening the private warehouse in the way that dbt's profile opens it."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from customer_journey.errors import IF_DAMAGED, InputError, LockedError, exhausted_resource, first_line

# it takes half a second to load, which a build with nothing new does without
if TYPE_CHECKING:
    import pyarrow as pa

# Older clients read the published file, and COPY takes over what the warehouse stores.
STORAGE_VERSION = "v1.4.0"


def open_warehouse(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the warehouse read-write, with times in UTC.

    Raises:
        LockedError: another program has it open.
        InputError: it cannot be opened, or is damaged.
    """
    try:
        connection = duckdb.connect(
            str(path), config={"memory_limit": memory_limit(), "storage_compatibility_version": STORAGE_VERSION}
        )
    except duckdb.Error as error:
        if "Could not set lock" in str(error):
            raise LockedError(f"{path}: another program has the warehouse open. Close it, or wait.") from error
        if exhausted_resource(error):
            raise
        raise InputError(f"{path}: the warehouse cannot be opened ({first_line(error)}). {IF_DAMAGED}") from error
    connection.execute("set TimeZone = 'UTC'")
    # it would leak into logs and pipes
    connection.execute("set enable_progress_bar = false")
    return connection


def memory_limit() -> str:
    """Return how much memory DuckDB may take in one process, as the profile of dbt says too.

    Raises:
        InputError: what the environment says is no amount of memory.
    """
    limit = os.environ.get("JOURNEY_MEMORY_LIMIT") or "4GB"
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)? ?[KMGT]i?B", limit):
        raise InputError(f"JOURNEY_MEMORY_LIMIT {limit!r} is not an amount of memory. Write for example 4GB.")
    return limit


def keep_private(path: Path, tables: "Mapping[str, pa.Table]") -> None:
    """Write tables of the build to the schema `private` of the warehouse, each in the place of its former one."""
    with open_warehouse(path) as connection:
        for name, table in tables.items():
            connection.register("kept", table)
            connection.execute(f"create or replace table private.{name} as from kept")
            connection.unregister("kept")


def quoted_name(name: str) -> str:
    """Return the name of a column or relation as SQL takes it whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def quoted(text: object) -> str:
    """Return a text as it stands between the quotation marks of a literal."""
    return str(text).replace("'", "''")
