"""How a build words the rows that differ from those published before."""

from collections.abc import Callable, Sequence
from typing import Any

from customer_journey.comparison.changes import changes


def _marts(*rows: tuple[str, int, int, int]) -> Callable[[str], Sequence[Sequence[Any]]]:
    return lambda query: rows if "audit_reconciliation" in query else []


def test_one_row_is_no_rows() -> None:
    before = _marts(("crm.tickets", 10, 1, 2), ("crm.deals", 5, 0, 0), ("web.events", 7, 0, 0))
    now = _marts(("crm.tickets", 11, 2, 0), ("crm.deals", 3, 0, 0), ("web.events", 1_007, 0, 0))
    assert changes(now, "building", before) == [
        "crm/deals: 2 rows fewer",
        "crm/tickets: 1 row new, 1 corrected, 2 fewer refused",
        "web/events: 1,000 rows new",
    ]
