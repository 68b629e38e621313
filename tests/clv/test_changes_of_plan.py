"""Lifetimes that run through many changes of plan: some billing systems begin a new subscription for each renewal."""

from pathlib import Path

import duckdb

from tests.support.builds import write_required_tables, write_rows, write_settings
from tests.support.models import build_models

FIRST_YEAR, YEARS = 2018, 8


def test_a_lifetime_of_any_number_of_plans(tmp_path: Path) -> None:
    """96 subscriptions, each begun when the one before was cancelled, are one lifetime of eight years."""
    raw = tmp_path / "raw"
    moments = [f"{FIRST_YEAR + month // 12}-{month % 12 + 1:02}-01T09:00:00Z" for month in range(12 * YEARS)]
    # names in an order that is not that of time
    names = [f"s{(number * 37) % len(moments):02}" for number in range(len(moments))]
    rows = []
    for number, (moment, name) in enumerate(zip(moments, names, strict=True)):
        rows.append({"subscription_id": name, "change_type": "started", "mrr": 10, "changed_at": moment})
        if number + 1 < len(moments):
            ended_at = moments[number + 1]
            rows.append({"subscription_id": name, "change_type": "cancelled", "mrr": 0, "changed_at": ended_at})
    write_required_tables(raw)
    write_rows(raw, "crm/contacts", [{"contact_id": "c", "created_at": moments[0]}])
    write_rows(
        raw,
        "crm/subscription_changes",
        [{"change_id": f"x{number}", "contact_id": "c", **row} for number, row in enumerate(rows)],
    )
    write_settings(raw, {"as_of": "2026-01-15T00:00:00Z", "earliest_date": "2017-01-01"})

    warehouse = build_models(raw, tmp_path / "out", ["int_clv_subscriptions"])

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        lifetimes = connection.execute(
            "select count(*), count(*) filter (where is_first_of_lifetime), min(lifetime_months), max(lifetime_months),"
            " bool_or(is_ended)"
            " from intermediate.int_clv_subscriptions where fit_window = 'all'"
        ).fetchall()
    # 1 January 2018 to 15 January 2026: the 97th month has begun, 96 are full
    assert lifetimes == [(96, 1, 96, 96, False)]
