"""Which source has gone silent, against what is usual of it: two sources, counted with pencil and paper."""

import shutil
from datetime import datetime, timedelta

import duckdb
import pytest
from customer_journey.paths import PROJECT

from tests.support.builds import FEW_FRAMEWORKS, publish, write_settings
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
    """What audit_freshness says by table and source: hours, rows of seven days, the usual, whether it is stale."""
    root = tmp_path_factory.mktemp("freshness")
    project = make_small_project(root / "project", (*MARTS, "audit_freshness"))
    shutil.copytree(PROJECT / "adapters", project / "adapters")
    raw = root / "raw"
    write_settings(raw, {"as_of": f"{AS_OF.isoformat()}Z", **FEW_FRAMEWORKS})
    # each day of seventy, and two each day from the sixtieth to the twenty-first day before as-of
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
    assert len({table for table, _ in freshness}) == 28
    assert freshness["orders.orders", "all"] == (None, 0, None, None)


def test_a_source_that_delivers_is_fresh(freshness: dict[tuple[str, str], tuple[object, ...]]) -> None:
    """A contact a day: seven in seven days, and seven in each of the eight weeks before."""
    assert freshness["crm.contacts", "files with ids till-…"] == (12, 7, 7, False)


def test_a_source_that_went_silent_is_held_against_the_time_before(
    freshness: dict[tuple[str, str], tuple[object, ...]],
) -> None:
    """The last came 20.5 days ago; the five whole weeks before that have fourteen each."""
    assert freshness["crm.contacts", "files with ids shop-…"] == (20 * 24 + 12, 0, 14, True)


def test_the_table_counts_its_sources_together(freshness: dict[tuple[str, str], tuple[object, ...]]) -> None:
    """The eight weeks from the eighth day on have 7, 9, 21, 21, 21, 21, 21 and 15: the median is 21."""
    assert freshness["crm.contacts", "all"] == (12, 7, 21, False)


def test_of_a_source_with_one_row_nothing_is_usual(freshness: dict[tuple[str, str], tuple[object, ...]]) -> None:
    assert freshness["crm.tickets", "all"] == (30 * 24 + 12, 0, None, None)
