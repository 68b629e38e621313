"""A tiny company, published once with few marts, and a company of random rows, published once with all marts."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from customer_journey.privacy import erasure
from customer_journey.warehouse import open_warehouse

from tests.support.any_rows import NAME, write_any_rows
from tests.support.builds import FEW_FRAMEWORKS, publish, run_build, write_required_tables, write_rows, write_settings
from tests.support.landing import Landing
from tests.support.leaks import slipped_rows
from tests.support.shared import made_once

SETTINGS = {"as_of": "2026-06-30T00:00:00Z", "reporting_timezone": "Asia/Ho_Chi_Minh", **FEW_FRAMEWORKS}


def write_tiny_company(raw: Path) -> None:
    """Write three required tables with a few good rows."""
    write_settings(raw, SETTINGS)
    write_rows(
        raw,
        "crm/contacts",
        [
            {"contact_id": "1", "email": "mai@example.com", "created_at": "2026-01-01T00:00:00Z"},
            {"contact_id": "2", "email": "nam@example.com", "created_at": "2026-01-02T00:00:00Z"},
        ],
    )
    write_rows(
        raw,
        "web/events",
        [
            {
                "event_id": "e1",
                "anonymous_id": "c1",
                "occurred_at": "2026-01-03T08:00:00Z",
                "event_name": "page_view",
            },
            {
                "event_id": "e2",
                "anonymous_id": "c1",
                "occurred_at": "2026-01-03T08:01:00Z",
                "event_name": "page_view",
            },
        ],
    )
    write_rows(
        raw,
        "orders/orders",
        [
            {
                "order_id": "o1",
                "email": "mai@example.com",
                "anonymous_id": "c1",
                "ordered_at": "2026-01-03T08:02:00Z",
                "status": "paid",
                "total_amount": "100.10",
            }
        ],
    )


@pytest.fixture(scope="session")
def tiny_out(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of the tiny company, published. Tests may build on it, if they publish nothing else."""
    root = tmp_path_factory.mktemp("tiny")
    write_tiny_company(root / "raw")
    publish(root / "raw", root / "out", project=small)
    return root / "out"


@pytest.fixture
def tiny_raw(tmp_path: Path) -> Path:
    """The raw folder of the tiny company, fresh for each test to spoil."""
    write_tiny_company(tmp_path / "raw")
    return tmp_path / "raw"


ANY_ROWS = 80
_VND = {"reporting_currency": "VND", "currency_decimals": 0, "default_phone_country": "VN"}


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `raw`, `out`, how the build of all marts `ended`, and the rows of each raw table in `counts.json`.

    Every raw table has drawn rows, and those of a person whose address slipped into every text column.
    """
    return made_once(tmp_path_factory, "planted", _build_planted)


def _build_planted(folder: Path) -> None:
    besides = slipped_rows()
    # a deal that certainly counts: the drawn ones with a name for a stage are all refused
    (deal,) = besides["crm/deals"]
    besides["crm/deals"].append({**deal, "deal_id": "d2", "deal_stage": NAME})
    # and a quote, since of the drawn ones only the last of its id counts
    quote = {"quote_id": "q1", "contact_id": deal["contact_id"], "quoted_at": "2026-01-15", "status": NAME}
    besides["crm/quotes"] = [quote]
    counts = write_any_rows(folder / "raw", seed=15, rows=ANY_ROWS, besides=besides)
    write_settings(folder / "raw", {**SETTINGS, **_VND, "max_quarantined_share": 1})
    done = run_build(folder / "raw", folder / "out")
    (folder / "counts.json").write_text(json.dumps(counts), encoding="utf-8")
    (folder / "ended").write_text(f"exit {done.returncode}\n{done.stderr}", encoding="utf-8")


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    """A raw folder whose required tables are empty, not landed yet."""
    raw = tmp_path / "raw"
    write_required_tables(raw)
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        yield Landing(raw, connection)
