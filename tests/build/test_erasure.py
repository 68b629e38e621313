"""Erasure: nothing of an erased person is anywhere under OUT after the next build (invariant 9)."""

from pathlib import Path

import duckdb
from customer_journey import erasure
from customer_journey.warehouse import open_warehouse

from tests.build.conftest import SETTINGS, write_tiny_company
from tests.support.builds import publish, run_build, write_rows, write_settings
from tests.support.erasure import REQUEST, traces_under, write_hoa


def test_nothing_is_left_of_an_erased_person(small: Path, tmp_path: Path) -> None:
    """A request for an e-mail erases all that identity links to it, now and when the same rows are delivered again."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_tiny_company(raw)
    for table in ("crm/contacts", "web/events", "orders/orders"):
        (raw / f"{table}.csv").unlink()
    write_hoa(raw, "first")
    # somebody put her address on an order of another: once she is gone, the version before counts again
    order = {"order_id": "o1", "status": "paid", "total_amount": "100", "ordered_at": "2026-01-03T08:02:00Z"}
    write_rows(
        raw,
        "orders/orders",
        [
            {**order, "email": REQUEST["identifier_value"], "updated_at": "2026-01-05"},
            # and the shop sent her own order once more, without saying whose it is
            {**order, "order_id": "order-hoa", "status": "completed", "updated_at": "2026-01-06"},
        ],
        part="later",
    )
    publish(raw, out, project=small)
    assert traces_under(out), "the test would not see a trace if there was one"

    write_rows(raw, "privacy/erasure_requests", [REQUEST])
    published = publish(raw, out, project=small)
    assert traces_under(out) == {}
    with duckdb.connect(str(published), read_only=True) as connection:
        states = {
            row[0]: row[1:]
            for row in connection.execute(
                "select source_table, rows_in, accepted, erased from marts.audit_reconciliation where rows_in > 0"
            ).fetchall()
        }
        orders = connection.execute("select order_id from marts.fct_orders").fetchall()
    assert states == {
        "crm.contacts": (3, 1, 2),
        "orders.order_items": (2, 1, 1),
        "orders.orders": (4, 1, 3),
        "orders.refunds": (1, 0, 1),
        "privacy.erasure_requests": (1, 0, 1),
        "web.events": (2, 1, 1),
        "web.identities": (1, 0, 1),
    }
    assert orders == [("o1",)]
    with duckdb.connect(str(out / "warehouse.duckdb"), read_only=True) as connection:
        known = connection.execute(
            "select identifier_value from intermediate.int_person_identifiers where identifier_type = 'email'"
        ).fetchall()
    assert known == [("mai@example.com",)]

    write_hoa(raw, "second")
    # whoever she was merged into is her
    survivor = {"contact_id": "10", "merged_contact_ids": "9; contact-hoa", "created_at": "2026-01-05"}
    write_rows(raw, "crm/contacts", [survivor], part="third")
    publish(raw, out, project=small)
    assert traces_under(out) == {}


def test_erasure_is_to_be_published_until_a_build_passes(small: Path, tmp_path: Path) -> None:
    """Spark keeps the build before for its readers: also one that still shows the person, had the next build failed."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_tiny_company(raw)
    write_rows(raw, "privacy/erasure_requests", [{**REQUEST, "identifier_value": "mai@example.com"}])
    write_settings(raw, {**SETTINGS, "bot_user_agents": "no pattern ("})
    failed = run_build(raw, out, project=small)
    assert failed.returncode == 1, failed.stderr
    with open_warehouse(out / "warehouse.duckdb") as connection:
        assert erasure.is_unpublished(connection)

    write_settings(raw, SETTINGS)
    publish(raw, out, project=small)
    with open_warehouse(out / "warehouse.duckdb") as connection:
        assert not erasure.is_unpublished(connection)
