"""A row has the same staged values whether it landed from CSV or from Parquet."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from customer_journey.landing.land import land
from customer_journey.privacy import erasure
from customer_journey.warehouse import open_warehouse

from tests.support.builds import write_required_tables, write_rows
from tests.support.dbt import must_pass, run_dbt

SAIGON = timezone(timedelta(hours=7))
AT = datetime(2026, 1, 3, 15, 4, 5, 678000, tzinfo=SAIGON)
IN_UTC = AT.astimezone(UTC).replace(tzinfo=None)

# table -> rows as text, the same rows with types, and the expected staged values of some columns
Twins = tuple[dict[str, str], Mapping[str, pa.Array], dict[str, Any]]
TWINS: dict[str, Twins] = {
    "orders/orders": (
        {
            "order_id": "1001", "contact_id": "7", "ordered_at": "2026-01-03T15:04:05.678+07:00", "status": "Paid",
            "currency": "usd", "total_amount": "1234567.10", "tax_amount": "0", "shipping_amount": "12.5",
            "promised_delivery_at": "2026-01-09 00:00:00", "delivered_at": "", "is_test": "TRUE",
            "updated_at": "2026-01-03 08:04:05.678Z", "is_deleted": "0",
        },
        {
            "order_id": pa.array([1001]),
            "contact_id": pa.array([7], pa.int32()),
            "ordered_at": pa.array([AT], pa.timestamp("us", "Asia/Ho_Chi_Minh")),
            "status": pa.array(["Paid"]).dictionary_encode(),
            "currency": pa.array(["usd"], pa.large_string()),
            "total_amount": pa.array([Decimal("1234567.10")], pa.decimal128(18, 2)),
            "tax_amount": pa.array([0], pa.int64()),
            "shipping_amount": pa.array([12.5], pa.float64()),
            "promised_delivery_at": pa.array([datetime(2026, 1, 9)], pa.timestamp("ns")),
            "delivered_at": pa.nulls(1, pa.timestamp("us", "UTC")),
            "is_test": pa.array([True]),
            "updated_at": pa.array([IN_UTC], pa.timestamp("ms")),
            "is_deleted": pa.array([False]),
        },
        {
            "order_id": "1001", "contact_id": "7", "ordered_at": IN_UTC, "status": "paid", "currency": "USD",
            "total_amount": Decimal("1234567.1000"), "tax_amount": Decimal(0), "shipping_amount": Decimal("12.5000"),
            "promised_delivery_at": datetime(2026, 1, 9), "delivered_at": None, "is_test": True, "updated_at": IN_UTC,
            "is_deleted": False,
        },
    ),
    "feedback/survey_responses": (
        {
            "response_id": "r1", "email": " Mai@X.vn ", "survey_type": "NPS", "score": "9", "scale_max": "10.0",
            "comment": 'two\n"lines"', "responded_at": "2026-01-03 08:04:05.678",
        },
        {
            "response_id": pa.array(["r1"]),
            "email": pa.array([" Mai@X.vn "]),
            "survey_type": pa.array(["NPS"]),
            "score": pa.array([9.0]),
            "scale_max": pa.array([10], pa.int16()),
            "comment": pa.array(['two\n"lines"']),
            "responded_at": pa.array([IN_UTC], pa.timestamp("us")),
        },
        {"email": "mai@x.vn", "survey_type": "nps", "score": Decimal(9), "scale_max": Decimal(10), "scale_min": None,
         "comment": 'two "lines"', "responded_at": IN_UTC},
    ),
    "finance/exchange_rates": (
        {"rate_date": "2026-01-03", "currency": "VND", "rate_to_reporting": "0.00003925"},
        {
            "rate_date": pa.array([date(2026, 1, 3)]),
            "currency": pa.array(["VND"]),
            "rate_to_reporting": pa.array([3.925e-05]),
        },
        {"rate_date": date(2026, 1, 3), "currency": "VND", "rate_to_reporting": Decimal("0.00003925")},
    ),
    "web/events": (
        {
            "event_id": "e1", "anonymous_id": "00042", "occurred_at": "2026-01-03T08:04:05.678Z",
            "event_name": "page_view", "page_url": "https://x.vn/?q=mi%20cro,phone", "engagement_ms": "1500",
        },
        {
            "event_id": pa.array(["e1"]),
            "anonymous_id": pa.array(["00042"]),
            "occurred_at": pa.array([AT], pa.timestamp("ns", "UTC")),
            "event_name": pa.array(["page_view"]),
            "page_url": pa.array(["https://x.vn/?q=mi%20cro,phone"]),
            "engagement_ms": pa.array([1500], pa.uint16()),
        },
        {"anonymous_id": "00042", "occurred_at": IN_UTC, "page_url": "https://x.vn/?q=mi%20cro,phone",
         "engagement_ms": Decimal(1500)},
    ),
}  # fmt: skip
BOOKKEEPING = {"_file_id", "_row_number", "row_status", "row_reason", "row_hash"}


@pytest.fixture(scope="module")
def staged_twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with the same rows landed and staged twice, from CSV and from Parquet."""
    root = tmp_path_factory.mktemp("twins")
    raw = root / "raw"
    for label, (as_text, as_types, _) in TWINS.items():
        write_rows(raw, label, [as_text], part="text")
        pq.write_table(pa.table(dict(as_types)), raw / label / "typed.parquet")
    write_required_tables(raw)
    with open_warehouse(root / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        land(connection, raw, lambda table, share: None)
    models = [f"+stg_{label.replace('/', '__')}" for label in TWINS]
    settings = "{as_of: '2026-06-30', reporting_currency: USD}"
    # without tests that read other tables too
    options = ["--indirect-selection", "cautious", "--select", *models, "--vars", settings]
    must_pass(run_dbt(root / "warehouse.duckdb", root, "build", *options))
    return root / "warehouse.duckdb"


@pytest.mark.parametrize("label", TWINS)
def test_csv_and_parquet_of_the_same_row_are_staged_alike(label: str, staged_twins: Path) -> None:
    """A row has the same staged values from CSV and Parquet; otherwise duplicates between them would not be found."""
    with duckdb.connect(str(staged_twins), read_only=True) as connection:
        relation = connection.sql(f"from staging.stg_{label.replace('/', '__')} order by _file_id")
        staged = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    assert len(staged) == 2
    text, typed = ({name: row[name] for name in row if name not in BOOKKEEPING} for row in staged)
    assert text == typed
    expected = TWINS[label][2]
    assert {name: text[name] for name in expected} == expected
    # ties are broken by the md5 of the row, so it must be equal too
    assert sorted((row["row_status"], row["row_reason"]) for row in staged) == [
        ("accepted", None),
        ("duplicate", "exact"),
    ]
