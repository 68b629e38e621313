"""No time of a raw row reaches back further than `earliest_date`: marts have rows for every day since the first."""

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
    """One `created_at` of the year 0001 would make rows for two thousand years of days: 38 million of them.

    The business time quarantines its row (`too_early_…`), a plain timestamp reads as null (macro as_seen).
    A second date, or a second time that rows must fill, would be neither.
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
    """What is promised for the year 9999 is kept as it is, so no row a day may come of it."""
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
