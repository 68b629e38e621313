"""Rows written one at a time, for the few hundred sales and subscription histories that are not drawn as arrays."""

from __future__ import annotations

import random
import zlib
from collections import defaultdict

import pyarrow as pa

from demo_company.columns import from_rows
from demo_company.tables import SCHEMAS
from demo_company.vocabulary import STAGE_NAMES
from demo_company.world import DAY, END, ROWS_PER_BATCH

Row = dict[str, object]
HOUR = 3_600


class Book:
    """Collects rows of several tables and numbers them. Rows later than the demo's as-of moment are dropped."""

    def __init__(self, seed: int, batch: int, theme: str) -> None:
        self.random = random.Random(f"{seed}/{batch}/{zlib.crc32(theme.encode())}")
        self._rows: dict[str, list[Row]] = defaultdict(list)
        self._next = batch * ROWS_PER_BATCH

    def new_id(self, prefix: str) -> str:
        """An id that no other row of the demo has."""
        self._next += 1
        return f"{prefix}{self._next}"

    def add(self, table: str, at: int, **row: object) -> None:
        """Write a row with `at` in the table's business time column."""
        if at < END:
            time = next(
                f.name for f in SCHEMAS[table] if f.type == pa.timestamp("us", tz="UTC") and f.name != "updated_at"
            )
            self._rows[table].append({time: at, **row})

    def line(self, order_id: str, product_id: str, quantity: int, price: float, cost: float | None) -> None:
        """Write the only line of an order; order lines have no time column."""
        self._rows["orders/order_items"].append(
            {
                "order_id": order_id,
                "line_number": 1,
                "product_id": product_id,
                "quantity": quantity,
                "unit_price": price,
                "discount_amount": 0.0,
                "unit_cost": cost,
            }
        )

    def stage(self, contact_id: str, stage: str, at: int, by: str) -> None:
        """Write a stage change that sales made for a contact, in one of the CRM's spellings of the stage."""
        self.add(
            "crm/lifecycle_changes",
            at,
            change_id=self.new_id("LB"),
            contact_id=contact_id,
            stage=self.random.choice(STAGE_NAMES[stage]),
            changed_by=by,
        )

    def wait(self, median_days: float, spread: float = 0.7) -> int:
        """Seconds until the next event, skewed to the right as waiting times are."""
        return int(median_days * DAY * self.random.lognormvariate(0, spread)) + 60

    def tables(self) -> dict[str, pa.Table]:
        """The rows written so far, by table."""
        return {table: from_rows(table, rows) for table, rows in self._rows.items()}
