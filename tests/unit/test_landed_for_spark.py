"""Landed tables for Spark: written again whenever their rows have changed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from customer_journey.landing.land import land
from customer_journey.privacy import erasure
from customer_journey.spark.landed import share_table
from customer_journey.warehouse import open_warehouse

from tests.support.builds import write_required_tables, write_rows


class NoSpark:
    """A fake connection to Spark that ignores all statements."""

    def execute(self, statement: str) -> Sequence[Sequence[Any]]:
        """Return no row."""
        return []


def _shared(landed: Path) -> list[str]:
    (folder,) = (landed / "raw_crm.activities").iterdir()
    return [
        row[0]
        for row in duckdb.execute(f"select outcome from read_parquet('{folder}/*.parquet') order by all").fetchall()
    ]


def test_text_that_an_erasure_removed_is_not_kept(tmp_path: Path) -> None:
    """A table in which an erasure only removed texts is written again, although its number of rows is unchanged."""
    raw, landed = tmp_path / "raw", tmp_path / "landed"
    write_required_tables(raw)
    call = {"activity_id": "a1", "contact_id": "1", "activity_type": "call", "occurred_at": "2026-01-04"}
    write_rows(raw, "crm/activities", [{**call, "outcome": "ask hoa@example.com"}])
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        land(connection, raw, lambda table, share: None)
        share_table(connection, landed, NoSpark(), "raw_crm", "activities")  # type: ignore[arg-type]
        assert _shared(landed) == ["ask hoa@example.com"]

        # what an erasure does to the row of another person
        connection.execute("update raw_crm.activities set outcome = '(erased)'")
        connection.execute(
            "insert into private.erasure_receipts values ('r1', timestamp '2026-01-05', 'crm.activities', 0, 1)"
        )
        share_table(connection, landed, NoSpark(), "raw_crm", "activities")  # type: ignore[arg-type]
        assert _shared(landed) == ["(erased)"]
