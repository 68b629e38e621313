"""Erasure: nothing of an erased person is anywhere under OUT after the next build (invariant 9)."""

from pathlib import Path

import duckdb
import pytest

from tests.build.conftest import write_tiny_company
from tests.support.builds import publish, write_rows

pytestmark = pytest.mark.xdist_group("erasure")

# Hoa bought, by a cookie that her e-mail identifies; each value occurs in no other row.
TRACES = (
    "hoa.erased@example.com",
    "contact-hoa",
    "cookie-hoa",
    "+84987654321",
    "order-hoa",
    "refund-hoa",
    "Hoa Nguyen",
)


def _write_hoa(raw: Path, part: str) -> None:
    hoa = {"contact_id": "contact-hoa", "created_at": "2026-01-02"}
    write_rows(raw, "crm/contacts", [
        {"contact_id": "1", "email": "mai@example.com", "created_at": "2026-01-01T00:00:00Z"},
        {**hoa, "email": "Hoa.Erased@example.com", "full_name": "Hoa Nguyen"},
        {**hoa, "email": "hoa.erased@example.com", "updated_at": "2026-01-03"},
    ], part=part)  # fmt: skip
    view = {"occurred_at": "2026-01-03T08:00:00Z", "event_name": "page_view"}
    write_rows(raw, "web/events", [
        {"event_id": "e1", "anonymous_id": "c1", **view},
        {"event_id": "e2", "anonymous_id": "cookie-hoa", **view},
    ], part=part)  # fmt: skip
    write_rows(raw, "web/identities", [{
        "anonymous_id": "cookie-hoa", "identifier_type": "email", "identifier_value": "HOA.erased@example.com",
        "identified_at": "2026-01-03T09:00:00Z",
    }], part=part)  # fmt: skip
    order = {"status": "paid", "total_amount": "100", "ordered_at": "2026-01-03T08:02:00Z"}
    write_rows(raw, "orders/orders", [
        {"order_id": "o1", "email": "mai@example.com", **order},
        {"order_id": "order-hoa", "anonymous_id": "cookie-hoa", "phone": "+84987654321", **order},
    ], part=part)  # fmt: skip
    write_rows(raw, "orders/order_items", [
        {"order_id": "order-hoa", "line_number": "1", "product_id": "p", "quantity": "1", "unit_price": "100"},
        {"order_id": "o1", "line_number": "1", "product_id": "p", "quantity": "1", "unit_price": "100"},
    ], part=part)  # fmt: skip
    write_rows(raw, "orders/refunds", [
        {"refund_id": "refund-hoa", "order_id": "order-hoa", "refunded_at": "2026-01-04", "amount": "10"},
    ], part=part)  # fmt: skip


def traces_under(out: Path) -> dict[str, list[str]]:
    """Name each file below a folder that holds a trace of Hoa, and the traces in it."""
    return {
        file.relative_to(out).as_posix(): found
        for file in out.rglob("*")
        if file.is_file()
        and (found := [trace for trace in TRACES if trace.lower().encode() in file.read_bytes().lower()])
    }


def test_nothing_is_left_of_an_erased_person(tmp_path: Path) -> None:
    """A request for an e-mail erases all that identity links to it, now and when the same rows are delivered again."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_tiny_company(raw)
    for table in ("crm/contacts", "web/events", "orders/orders"):
        (raw / f"{table}.csv").unlink()
    _write_hoa(raw, "first")
    publish(raw, out)
    assert traces_under(out), "the test would not see a trace if there was one"

    write_rows(raw, "privacy/erasure_requests", [{
        "request_id": "r1", "identifier_type": "email", "identifier_value": "hoa.erased@example.com",
        "requested_at": "2026-12-31",
    }])  # fmt: skip
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

    _write_hoa(raw, "second")
    publish(raw, out)
    assert traces_under(out) == {}
