"""Opening the private warehouse in the way that dbt's profile opens it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from customer_journey.errors import LockedError

# it takes half a second to load, which a build with nothing new does without
if TYPE_CHECKING:
    import pyarrow as pa

# Older clients read the published file, and COPY takes over what the warehouse stores.
STORAGE_VERSION = "v1.4.0"


def open_warehouse(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the warehouse read-write, with times in UTC.

    Raises:
        LockedError: another program has it open.
    """
    try:
        connection = duckdb.connect(
            str(path), config={"memory_limit": "4GB", "storage_compatibility_version": STORAGE_VERSION}
        )
    except duckdb.IOException as error:
        if "Could not set lock" not in str(error):
            raise
        raise LockedError(f"{path}: another program has the warehouse open. Close it, or wait.") from error
    connection.execute("set TimeZone = 'UTC'")
    return connection


def keep_private(path: Path, tables: "Mapping[str, pa.Table]") -> None:
    """Write tables of the build to the schema `private` of the warehouse, each in the place of its former one."""
    with open_warehouse(path) as connection:
        for name, table in tables.items():
            connection.register("kept", table)
            connection.execute(f"create or replace table private.{name} as from kept")
            connection.unregister("kept")


def quoted(text: object) -> str:
    """Return a text as it stands between the quotation marks of a literal."""
    return str(text).replace("'", "''")
