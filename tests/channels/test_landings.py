"""Channel and rule for each landing page, tag and referrer in landings.csv.

Expected values with `basis` ga4 come from Google's definitions of the default channel group and its list of sources
(https://support.google.com/analytics/answer/9756891). Those with `basis` company are what a marketer in Vietnam would
expect for sources that Google does not list and for sites that are no origin. Add your own rows at the end.
"""

import csv
from pathlib import Path

import duckdb
import pytest

from tests.support.builds import table_named
from tests.support.dbt import must_pass, run_dbt

EVIDENCE = ("page_url", "referrer_url", "utm_source", "utm_medium", "utm_campaign")
with (Path(__file__).parent / "landings.csv").open(encoding="utf-8", newline="") as stream:
    LANDINGS = list(csv.DictReader(stream))


def _write_events(warehouse: Path) -> None:
    """Write one event per landing where a build would land it, each from a cookie named after its row."""
    columns = table_named("web/events").all_columns
    rows = []
    for number, landing in enumerate(LANDINGS):
        event = {"event_id": f"e{number}", "anonymous_id": str(number), "event_name": "page_view"}
        event |= {"occurred_at": "2026-01-01T10:00:00Z"} | {column: landing[column] for column in EVIDENCE}
        rows.append([*(event.get(column) for column in columns), 1, number])
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema raw_web")
        typed = ", ".join(f"{column} varchar" for column in columns)
        connection.execute(f"create table raw_web.events ({typed}, _file_id bigint, _row_number bigint)")
        connection.executemany(f"insert into raw_web.events values ({', '.join('?' * len(rows[0]))})", rows)


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """The channel and rule of each landing, from one run of the models up to sessions."""
    folder = tmp_path_factory.mktemp("landings")
    warehouse = folder / "warehouse.duckdb"
    _write_events(warehouse)
    models = ("--select", "+int_sessions", "--exclude", "resource_type:test", "resource_type:unit_test")
    must_pass(run_dbt(warehouse, folder, "build", *models))
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(
            "select anonymous_id, channel, channel_rule from intermediate.int_sessions"
        ).fetchall()
    by_landing = {int(cookie): (channel, rule) for cookie, channel, rule in found}
    assert len(found) == len(LANDINGS)
    return [by_landing[number] for number in range(len(LANDINGS))]


@pytest.mark.parametrize(
    "number", range(len(LANDINGS)), ids=[f"line {row + 2}: {landing['why']}" for row, landing in enumerate(LANDINGS)]
)
def test_landing(judged: list[tuple[str, str]], number: int) -> None:
    """Each landing gets the expected channel and rule."""
    landing = LANDINGS[number]
    assert judged[number] == (landing["channel"], landing["channel_rule"])


def test_every_rule_decides_a_landing() -> None:
    """Every rule decides at least one landing; otherwise an edit could break it unnoticed."""
    rules = Path(__file__).parents[2] / "seeds" / "channel_rules.csv"
    with rules.open(encoding="utf-8", newline="") as stream:
        named = {row["rule_id"] for row in csv.DictReader(stream)}
    assert {landing["channel_rule"] for landing in LANDINGS} == named
