"""A build of the demo with heavy dirt, on which two definitions of a figure give different values if they differ."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from demo_company import generate

from tests.support.builds import publish


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file; all dbt tests and expectations passed, also those that compare two definitions."""
    folder = tmp_path_factory.mktemp("dirty")
    generate(folder / "raw", scale=0.1, seed=7, is_heavy=True)
    publish(folder / "raw", folder / "out")
    return folder / "out" / "journey.duckdb"


@pytest.mark.parametrize(
    ("what", "query"),
    [
        ("carts that an order alone says were bought", "select 1 from marts.fct_sessions where has_order and has_cart"),
        ("people who answered twice", "select 1 from marts.fct_survey_responses where not is_latest_of_month"),
        ("trials", "select 1 from marts.fct_subscription_changes where change_number = 1 and mrr_after = 0"),
        ("buyers whom nobody knows", "select 1 from marts.fct_orders where order_id like '%-till' and is_conversion"),
        (
            "customers of the CRM's word alone",
            "select 1 from marts.fct_stage_evidence inner join marts.dim_persons using (person_id)"
            " where stage = 'customer' and is_override and customer_since is null",
        ),
        ("deals that are open still", "select 1 from marts.fct_deals where status = 'open' and closed_at is null"),
        ("orders with more refunds than revenue", "select 1 from marts.fct_orders where net_revenue < 0"),
    ],
)
def test_it_holds_what_the_demo_lacks(published: Path, what: str, query: str) -> None:
    """The heavy dirt contains the cases that the clean demo lacks; otherwise this file would prove nothing."""
    with duckdb.connect(str(published), read_only=True) as connection:
        assert connection.execute(query).fetchall(), what


@pytest.mark.parametrize(
    ("table", "column", "zone", "query"),
    [
        ("feedback/reviews", "reviewed_at", "America/Los_Angeles", "select reviewed_at from marts.fct_reviews"),
        (
            "marketing/offline_visits",
            "visited_at",
            "Asia/Ho_Chi_Minh",
            "select touched_at from marts.fct_touchpoints where touchpoint_type like 'visit%'",
        ),
    ],
)
def test_times_without_an_offset_are_those_of_the_source(
    published: Path, table: str, column: str, zone: str, query: str
) -> None:
    """Times without an offset are read in the time zone of their source; in any other they would be hours away."""
    with (published.parents[1] / "raw" / f"{table}.csv").open(encoding="utf-8") as stream:
        texts = [row[column] for row in csv.DictReader(stream)]
    moments = {
        datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
        for text in texts
        if text.startswith("202")
    }
    with duckdb.connect(str(published), read_only=True) as connection:
        found = {moment for (moment,) in connection.execute(query).fetchall()}
    assert len(found) > 20
    assert found <= moments
