"""A dbt-duckdb plugin, named in profiles.yml, that prepares dbt's connections: warehouse folder and hash keys."""

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError
from duckdb import DuckDBPyConnection

from customer_journey.errors import InputError
from customer_journey.paths import close_to_others, make_private
from customer_journey.privacy.hash_key import Ring, plain_run_key, ring_of


class Plugin(BasePlugin):
    """Creates the warehouse's folder, and sets the session variables `hash_key` and `last_hash_key` on each connection.

    Session variables keep the keys out of compiled SQL, logs and files. The keys are those of scripts/build: from the
    environment or from the file beside the warehouse, and only the key that the warehouse was built with is accepted.
    """

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Create the folder of the warehouse, which a fresh clone lacks and DuckDB does not create."""
        self._warehouse = Path(creds.path)
        self._ring: Ring | None = None
        make_private(self._warehouse.parent)

    def configure_cursor(self, cursor: DuckDBPyConnection) -> None:
        """Set the variables on one cursor, because each cursor has separate session variables."""
        if self._ring is None:
            close_to_others(self._warehouse)
            try:
                self._ring = ring_of(cursor, plain_run_key(self._warehouse.parent, cursor))
            except InputError as error:
                raise DbtRuntimeError(str(error)) from error
        cursor.execute("set variable hash_key = ?", [self._ring.key])
        cursor.execute("set variable last_hash_key = ?", [self._ring.last])
