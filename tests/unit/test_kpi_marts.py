"""A new KPI mart is judged by the tests that list marts by name, and stands in the pages that list every KPI."""

import re
from typing import Any

import pytest
import yaml
from customer_journey.paths import PROJECT

KPIS: dict[str, dict[str, Any]] = {
    file.stem: {
        column["name"]: column for column in yaml.safe_load(file.read_text(encoding="utf-8"))["models"][0]["columns"]
    }
    for file in sorted((PROJECT / "models" / "marts" / "kpis").glob("kpi_*.yml"))
}


def _text(path: str) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("mart", KPIS)
def test_intervals_are_recalculated(mart: str) -> None:
    """Every Wilson interval of a KPI is compared with its rate and its number of trials."""
    listed = re.findall(rf"\('{mart}', '\w+', '(\w+)', ", _text("tests/dbt/bounds_are_of_their_rates.sql"))
    wilson = {
        name.removesuffix("_low")
        for name, column in KPIS[mart].items()
        if name.endswith("_low") and "Wilson" in column["description"]
    }
    assert wilson == set(listed), "list the rate in tests/dbt/bounds_are_of_their_rates.sql"


@pytest.mark.parametrize("mart", [mart for mart, columns in KPIS.items() if "is_complete" in columns])
def test_running_months_are_judged(mart: str) -> None:
    """Every KPI by month is asked whether its running month is complete."""
    assert f"'{mart}'" in _text("tests/dbt/running_months_are_not_complete.sql"), "list the mart there"


@pytest.mark.parametrize("mart", KPIS)
@pytest.mark.parametrize(("page", "written"), [("docs/kpis.md", "`{}."), ("docs/bi.md", "`{}")])
def test_pages_list_every_mart(mart: str, page: str, written: str) -> None:
    """Every KPI mart has a row in the list of KPIs and one in the list of questions."""
    assert written.format(mart) in _text(page), f"add a row for {mart} to {page}"
