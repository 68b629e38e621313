"""Erasure: nothing of an erased person is anywhere under OUT after the next build (invariant 9)."""

from pathlib import Path

import duckdb

from tests.build.conftest import write_tiny_company
from tests.support.builds import publish, write_rows
from tests.support.erasure import REQUEST, traces_under, write_hoa


def test_nothing_is_left_of_an_erased_person(tmp_path: Path) -> None:
    """A request for an e-mail erases all that identity links to it, now and when the same rows are delivered again."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_tiny_company(raw)
    for table in ("crm/contacts", "web/events", "orders/orders"):
        (raw / f"{table}.csv").unlink()
    write_hoa(raw, "first")
    publish(raw, out)
    assert traces_under(out), "the test would not see a trace if there was one"

    write_rows(raw, "privacy/erasure_requests", [REQUEST])
    published = publish(raw, out)
    assert traces_under(out) == {}
    with duckdb.connect(str(published), read_only=True) as connection:
        states = {
            row[0]: row[1:]
            for row in connection.execute(
                "select source_table, rows_in, accepted, erased from marts.audit_reconciliation where rows_in > 0"
            ).fetchall()
        }
        orders = connection.execute("select order_id from marts.fct_orders").fetchall()
        suppressed = connection.execute("select count(*) from marts.dim_persons where is_known").fetchall()
    assert states == {
        "crm.contacts": (3, 1, 2),
        "orders.order_items": (2, 1, 1),
        "orders.orders": (2, 1, 1),
        "orders.refunds": (1, 0, 1),
        "privacy.erasure_requests": (1, 0, 1),
        "web.events": (2, 1, 1),
        "web.identities": (1, 0, 1),
    }
    assert orders == [("o1",)]
    assert suppressed == [(1,)]

    write_hoa(raw, "second")
    publish(raw, out)
    assert traces_under(out) == {}
