"""Which source is stale or of an unusual size, compared with its past, counted by hand."""

import json
import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from customer_journey.contract import raw_tables
from customer_journey.paths import PROJECT

from tests.support.builds import FEW_FRAMEWORKS, publish, run_build, write_settings
from tests.support.small_project import MARTS, make_small_project

AS_OF = datetime(2024, 3, 31)


def _contacts(days: range, a_day: int) -> str:
    """Contacts of these days before as-of, at noon, as the source's CSV."""
    rows = [
        f"{day}_{number},{AS_OF - timedelta(days=day, hours=12):%Y-%m-%dT%H:%M:%SZ}"
        for day in days
        for number in range(a_day)
    ]
    return "\n".join(["contact_id,created_at", *rows, ""])


@pytest.fixture(scope="module")
def freshness(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], tuple[object, ...]]:
    """Return audit_freshness by table and source: hours since the last row, rows of 7 days, usual rows, is_stale."""
    root = tmp_path_factory.mktemp("freshness")
    project = make_small_project(root / "project", (*MARTS, "audit_freshness"))
    shutil.copytree(PROJECT / "adapters", project / "adapters")
    raw = root / "raw"
    write_settings(raw, {"as_of": f"{AS_OF.isoformat()}Z", **FEW_FRAMEWORKS})
    # one row on each of 70 days, and a second one on the 60th to 21st day before as-of
    (raw / "till.csv").write_text(_contacts(range(70), 1), encoding="utf-8")
    (raw / "shop.csv").write_text(_contacts(range(20, 60), 2), encoding="utf-8")
    (raw / "crm").mkdir()
    (raw / "crm" / "tickets.csv").write_text(
        "ticket_id,contact_id,opened_at\nt,till-1_0,2024-02-29T12:00:00Z\n", encoding="utf-8"
    )
    (raw / "mapping.yml").write_text(
        "tables:\n  crm/contacts:\n"
        "    - {files: till.csv, id_prefix: till-}\n"
        "    - {files: shop.csv, id_prefix: shop-}\n",
        encoding="utf-8",
    )
    file = publish(raw, root / "out", project=project)
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(
            "select source_table, source, hours_since_latest, rows_last_7_days, usual_rows_7_days, is_stale"
            " from marts.audit_freshness"
        ).fetchall()
    return {(table, source): tuple(rest) for table, source, *rest in rows}


def test_every_raw_table_is_listed(freshness: dict[tuple[str, str], tuple[object, ...]]) -> None:
    assert len({table for table, _ in freshness}) == len(raw_tables())
    assert freshness["orders.orders", "all"] == (None, 0, None, None)


def test_a_source_that_delivers_is_fresh(freshness: dict[tuple[str, str], tuple[object, ...]]) -> None:
    """One contact per day: seven rows in the last seven days, and seven in each of the eight weeks before."""
    assert freshness["crm.contacts", "files with ids till-…"] == (12, 7, 7, False)


def test_a_source_that_went_silent_is_held_against_the_time_before(
    freshness: dict[tuple[str, str], tuple[object, ...]],
) -> None:
    """The last row is 20.5 days old; each of the five whole weeks before it has fourteen rows."""
    assert freshness["crm.contacts", "files with ids shop-…"] == (20 * 24 + 12, 0, 14, True)


def test_the_table_counts_its_sources_together(freshness: dict[tuple[str, str], tuple[object, ...]]) -> None:
    """The eight weeks from the eighth day back have 7, 9, 21, 21, 21, 21, 21 and 15 rows: the median is 21."""
    assert freshness["crm.contacts", "all"] == (12, 7, 21, False)


def test_of_a_source_with_one_row_nothing_is_usual(freshness: dict[tuple[str, str], tuple[object, ...]]) -> None:
    assert freshness["crm.tickets", "all"] == (30 * 24 + 12, 0, None, None)


# as-of is 2024-03-31 00:00, the first moment of a Sunday, so the last complete day is a Saturday
LAST_DAY = AS_OF.date() - timedelta(days=1)
# rows of the eight Saturdays before, the last one first
TICKETS = (100, 104, 96, 100, 90, 110, 100, 0)


def _rows(prefix: str, day: int, count: int, moment: str = "12:00:00") -> Iterable[str]:
    """Return this many rows of a table on one day, given as a number of days before the last one."""
    for number in range(count):
        yield f"{prefix}{day}_{number},{LAST_DAY - timedelta(days=day)}T{moment}Z"


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A company whose tables have the number of rows per Saturday that the tests need; with project and folders."""
    root = tmp_path_factory.mktemp("volumes")
    project = make_small_project(root / "project", (*MARTS, "audit_freshness"))
    raw, out = root / "raw", root / "out"
    write_settings(raw, {"as_of": f"{AS_OF.isoformat()}Z", **FEW_FRAMEWORKS})
    saturdays = {
        # a truncated export, and a holiday eight weeks ago
        "tickets": ("ticket_id,contact_id,opened_at", [30, *TICKETS]),
        # as many rows as usual, on one more day
        "contacts": ("contact_id,created_at", [31, *[20] * 8]),
        # twice delivered
        "activities": ("activity_id,contact_id,activity_type,occurred_at", [60, *[20] * 8]),
        # three weeks of history
        "quotes": ("quote_id,contact_id,amount,status,quoted_at", [0, 50, 50, 50]),
        # never more than a few
        "referrals": ("referral_id,referrer_contact_id,status,referred_at", [0, *[10] * 8]),
    }
    middle = {"tickets": "contacts0_0,", "activities": "contacts0_0,call,", "quotes": "contacts0_0,5,sent,",
              "referrals": "contacts0_0,sent,", "contacts": ""}  # fmt: skip
    (raw / "crm").mkdir()
    for table, (header, counts) in saturdays.items():
        lines = [line for week, count in enumerate(counts) for line in _rows(table, 7 * week, count)]
        lines += _rows(table, 1, 500)
        # a row of the day that has just begun at as-of
        lines += _rows(table, -1, 3, "00:00:00")
        cells = [line.split(",") for line in lines]
        text = "\n".join([header, *(f"{key},{middle[table]}{moment}" for key, moment in cells), ""])
        (raw / "crm" / f"{table}.csv").write_text(text, encoding="utf-8")
    done = run_build(raw, out, project=project)
    assert done.returncode == 0, done.stderr
    return project, raw, out


def _volume(out: Path, table: str) -> tuple[object, ...] | None:
    with duckdb.connect(str(out / "journey.duckdb"), read_only=True) as connection:
        return connection.execute(
            "select last_day, rows_last_day, usual_rows_last_day, round(usual_rows_low, 3), round(usual_rows_high, 3),"
            " volume from marts.audit_freshness where source = 'all' and source_table = ?",
            [f"crm.{table}"],
        ).fetchone()


def test_an_export_that_broke_off_is_low(volumes: tuple[Path, Path, Path]) -> None:
    """Median 100, median deviation 4, four roots of 100 = 40: less than half of 100, so 50 to 150 are usual."""
    assert _volume(volumes[2], "tickets") == (LAST_DAY, 30, 100, 50, 150, "low")


def test_chance_is_no_alarm(volumes: tuple[Path, Path, Path]) -> None:
    """Median 20, no deviation: four roots of 20 = 17.889 is the tolerance, so 31 is usual, although half more.

    The lower bound is a fifth of the median, 4, since 20 - 17.889 is below it.
    """
    assert _volume(volumes[2], "contacts") == (LAST_DAY, 31, 20, 4, 37.889, "usual")


def test_rows_that_came_twice_are_high(volumes: tuple[Path, Path, Path]) -> None:
    assert _volume(volumes[2], "activities") == (LAST_DAY, 60, 20, 4, 37.889, "high")


def test_too_short_a_history_is_not_judged(volumes: tuple[Path, Path, Path]) -> None:
    assert _volume(volumes[2], "quotes") == (None, None, None, None, None, None)


def test_few_rows_are_not_judged(volumes: tuple[Path, Path, Path]) -> None:
    assert _volume(volumes[2], "referrals") == (LAST_DAY, 0, 10, 2, 22.649, None)


def test_the_summary_names_table_day_and_numbers(volumes: tuple[Path, Path, Path]) -> None:
    out = volumes[2]
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    (check,) = [check for check in summary["failed_checks"] if check["target"] == "audit_freshness"]
    assert check["severity"] == "warn"
    assert check["failed_rows"] == 2
    assert check["detail"] == (
        "crm/activities: 60 rows on Saturday 2024-03-30, usually 20 (4 to 38); "
        "crm/tickets: 30 rows on Saturday 2024-03-30, usually 100 (50 to 150)"
    )
    assert any(check["detail"] in line for line in summary["warnings"])
    with duckdb.connect(str(out / "journey.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select name, success, severity, failed_rows from marts.audit_checks where target = 'audit_freshness'"
            " and kind = 'expectation' order by name"
        ).fetchall()
    assert rows == [
        ("raw tables are fresh", True, "warn", 0),
        ("raw tables have their usual volume", False, "warn", 2),
    ]


def test_by_setting_an_unusual_volume_stops_the_build_and_the_day_is_another(volumes: tuple[Path, Path, Path]) -> None:
    project, raw, out = volumes
    settings = {"as_of": f"{AS_OF.isoformat()}Z", **FEW_FRAMEWORKS}
    write_settings(raw, {**settings, "volume_alarm": "fail"})
    done = run_build(raw, out, project=project)
    assert done.returncode == 1
    assert "raw tables have their usual volume on audit_freshness: crm/activities: 60 rows" in done.stderr
    assert _definitions(done.stdout, out) == ['setting volume_alarm: "warn" before, "fail" now']
    # two days late: the Thursday has no rows in any week
    write_settings(raw, {**settings, "volume_delay_days": 2, "volume_delay_tables": "crm.quotes, crm.tickets"})
    done = run_build(raw, out, project=project)
    assert done.returncode == 0
    assert _volume(out, "tickets") == (LAST_DAY - timedelta(days=2), 0, 0, 0, 0, None)
    # a table without a delay is judged on the day before as-of
    assert _volume(out, "activities") == (LAST_DAY, 60, 20, 4, 37.889, "high")
    # the comparison is with the published build, not with the failed one
    assert _definitions(done.stdout, out) == [
        "setting volume_delay_days: 0 before, 2 now",
        'setting volume_delay_tables: "all" before, "crm.quotes, crm.tickets" now',
    ]


def _definitions(stdout: str, out: Path) -> list[str]:
    """Return the changed definitions in the summary; the log must list the same."""
    lines: list[str] = json.loads((out / "summary.json").read_text(encoding="utf-8"))["changed_definitions"]
    assert all(f"changed        {line}" in stdout for line in lines)
    return lines
