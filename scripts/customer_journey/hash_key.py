"""The key of the hashes that stand for persons, on its way from the environment into SQL.

A dbt-duckdb plugin, named in profiles.yml. It sets the key as a session variable of each connection, so that it
stands in no compiled SQL, no log and no file.
"""

import os

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

ENVIRONMENT_VARIABLE = "JOURNEY_HASH_KEY"
DEMO_KEY = "demo-key-not-secret"


def hash_key() -> str:
    """Return the key from the environment, or the demo key, which protects nobody."""
    return os.environ.get(ENVIRONMENT_VARIABLE) or DEMO_KEY


class Plugin(BasePlugin):
    """Gives every connection of dbt the session variable `hash_key`."""

    def configure_cursor(self, cursor: DuckDBPyConnection) -> None:
        """Set the variable on one cursor, which has session variables of its own."""
        cursor.execute("set variable hash_key = ?", [hash_key()])
