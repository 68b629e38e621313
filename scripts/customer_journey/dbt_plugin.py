"""What dbt's connections to DuckDB need before they are of use; a dbt-duckdb plugin, named in profiles.yml."""

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError
from duckdb import DuckDBPyConnection

from customer_journey.errors import InputError
from customer_journey.hash_key import Ring, plain_run_key, ring_of
from customer_journey.paths import close_to_others, make_private


class Plugin(BasePlugin):
    """Makes the warehouse's folder, and gives each connection the session variables `hash_key` and `last_hash_key`.

    As session variables the keys stand in no compiled SQL, no log and no file. They are those of scripts/build: from
    the environment or the file beside the warehouse, and none but that which the warehouse was built with.
    """

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Make the folder of the warehouse, which a fresh clone does not have and DuckDB does not make."""
        self._warehouse = Path(creds.path)
        self._ring: Ring | None = None
        make_private(self._warehouse.parent)

    def configure_cursor(self, cursor: DuckDBPyConnection) -> None:
        """Set the variables on one cursor, which has session variables of its own."""
        if self._ring is None:
            close_to_others(self._warehouse)
            try:
                self._ring = ring_of(cursor, plain_run_key(self._warehouse.parent, cursor))
            except InputError as error:
                raise DbtRuntimeError(str(error)) from error
        cursor.execute("set variable hash_key = ?", [self._ring.key])
        cursor.execute("set variable last_hash_key = ?", [self._ring.last])
