"""What dbt's connections to DuckDB need before they are of use; a dbt-duckdb plugin, named in profiles.yml."""

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from customer_journey.hash_key import hash_key


class Plugin(BasePlugin):
    """Makes the warehouse's folder, and gives each connection the session variable `hash_key`.

    As a session variable the key stands in no compiled SQL, no log and no file.
    """

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Make the folder of the warehouse, which a fresh clone does not have and DuckDB does not make."""
        Path(creds.path).parent.mkdir(parents=True, exist_ok=True)

    def configure_cursor(self, cursor: DuckDBPyConnection) -> None:
        """Set the variable on one cursor, which has session variables of its own."""
        cursor.execute("set variable hash_key = ?", [hash_key()])
