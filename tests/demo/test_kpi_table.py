"""docs/kpis.md names for each KPI the mart, column and rows, and its value in the demo."""

import re
from dataclasses import dataclass
from decimal import Decimal

import duckdb
import pytest
from customer_journey.paths import PROJECT

from tests.support.demo import Demo

TABLE = PROJECT / "docs" / "kpis.md"
# | KPI | name in Vietnamese | `mart.column` | `condition` | value |
ROW = re.compile(
    r"^\| [^|`]+ \| [^|`]+ \| `(?P<mart>\w+)\.(?P<column>\w+)` \| (`(?P<rows>[^`]+)`|) *\| (?P<value>[\d.,-]+)"
)


@dataclass(frozen=True)
class Kpi:
    """A line of the table."""

    mart: str
    column: str
    rows: str
    value: str


def kpis() -> list[Kpi]:
    """Return the lines of the table; a line of another form is an error."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    found = []
    for line in lines:
        if line.startswith("| ") and not line.startswith(("| KPI ", "| what ")):
            match = ROW.match(line)
            assert match, f"docs/kpis.md: cannot be read: {line}"
            found.append(Kpi(match["mart"], match["column"], match["rows"] or "true", match["value"]))
    return found


@pytest.mark.parametrize("kpi", kpis(), ids=lambda kpi: f"{kpi.mart}.{kpi.column}: {kpi.rows}")
def test_demo_says_what_the_table_says(kpi: Kpi, demo: Demo) -> None:
    """Each value in the table is that of the demo, so mart, column and rows exist."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        rows = connection.execute(f"select {kpi.column} from marts.{kpi.mart} where {kpi.rows}").fetchall()
    assert len(rows) == 1, "one number answers it"
    told = Decimal(kpi.value.replace(",", ""))
    digits = -int(told.as_tuple().exponent)
    assert round(float(rows[0][0]), digits) == float(told)


def test_every_kpi_mart_is_in_the_table() -> None:
    """Every KPI mart is in the table."""
    marts = {file.stem for file in (PROJECT / "models" / "marts" / "kpis").glob("*.sql")}
    assert marts - {kpi.mart for kpi in kpis()} == set()
