"""Opening the private warehouse in the way that dbt's profile opens it."""

from pathlib import Path

import duckdb

# Older clients read the published file, and COPY takes over what the warehouse stores.
STORAGE_VERSION = "v1.4.0"


def open_warehouse(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the warehouse read-write, with times in UTC."""
    connection = duckdb.connect(
        str(path), config={"memory_limit": "4GB", "storage_compatibility_version": STORAGE_VERSION}
    )
    connection.execute("set TimeZone = 'UTC'")
    return connection
