"""No date of a raw row is earlier than `earliest_date`, because some marts have a row per day since the first date."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from customer_journey.paths import PROJECT

FILES = sorted(PROJECT.glob("models/staging/*/_*__sources.yml"))
TIMES = {"timestamp", "date", "planned_timestamp", "planned_date"}


def _tables(file: Path) -> list[dict[str, Any]]:
    sources = yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]
    return [table for source in sources for table in source["tables"]]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_time_is_judged(file: Path) -> None:
    """Every time is checked: a `created_at` of the year 0001 would create 38 million rows of days.

    A business time that is too early quarantines its row (`too_early_…`); any other timestamp reads as null (macro
    as_seen). Neither rule covers a second date column, or a second required time.
    """
    for table in _tables(file):
        meta = table["config"]["meta"]
        times = {
            column["name"]: column["config"]["meta"]
            for column in table["columns"]
            if column.get("config", {}).get("meta", {}).get("kind") in TIMES
        }
        required = [name for name, column in times.items() if column.get("required")]
        assert required in ([], [meta.get("business_time")]), table["name"]
        plain_dates = [name for name, column in times.items() if column["kind"] == "date"]
        assert plain_dates in ([], [meta.get("business_time")]), table["name"]


def test_no_day_is_made_from_a_time_that_is_planned() -> None:
    """Planned dates such as the year 9999 are kept, so no model may create rows of days from them."""
    planned = {
        column["name"]
        for file in FILES
        for table in _tables(file)
        for column in table["columns"]
        if column.get("config", {}).get("meta", {}).get("kind", "").startswith("planned")
    }
    assert planned == {"promised_delivery_at", "term_end"}
    for model in PROJECT.glob("models/**/*.sql"):
        for line in model.read_text(encoding="utf-8").splitlines():
            assert not ("date_spine(" in line and any(name in line for name in planned)), model
