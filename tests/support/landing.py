"""A raw folder that a test writes file by file, and the warehouse that it lands in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from customer_journey.landing.land import land
from customer_journey.landing.landed import LandingReport

from tests.support.builds import table_named

HEADER = "contact_id,email,full_name,created_at\n"


@dataclass
class Landing:
    """A raw folder, the warehouse that it lands in, and how far the last landing came."""

    raw: Path
    connection: duckdb.DuckDBPyConnection

    def land(self, raw: Path | None = None) -> LandingReport:
        """Land the folder as a build does."""
        return land(self.connection, raw or self.raw, lambda table, share: None)

    def write(self, path: str, content: str | bytes) -> Path:
        """Write a file of the raw folder."""
        file = self.raw / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def rows(self, label: str, *columns: str) -> list[tuple[Any, ...]]:
        """Return these columns of every landed row, sorted."""
        return self.connection.execute(
            f"select {', '.join(columns)} from {table_named(label).relation} order by all"
        ).fetchall()

    def has_landed(self, label: str) -> bool:
        """Return whether the warehouse has the landed table."""
        table = table_named(label)
        return bool(
            self.connection.execute(
                "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
                [f"raw_{table.source}", table.name],
            ).fetchall()
        )


def contacts(*numbers: int, name: str = "Mai") -> str:
    """CSV of contacts."""
    return HEADER + "".join(f"{number},{number}@x.vn,{name},2026-01-01\n" for number in numbers)
