"""Erasure of landed files where Spark builds the models: marts as on DuckDB, and nothing left of the person."""

from pathlib import Path

import pytest
from customer_journey.comparison.compare import compare
from customer_journey.paths import Output

from tests.build.conftest import SETTINGS, write_tiny_company
from tests.support.builds import publish, write_rows, write_settings
from tests.support.erasure import REQUEST, SPELLINGS, traces_under, write_hoa

ENGINES = ("duckdb", "spark")


@pytest.fixture(scope="module")
def outs(small: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Output]:
    """The output folders of both engines, after a build with the person and one with her request."""
    raw = tmp_path_factory.mktemp("raw")
    write_tiny_company(raw)
    write_settings(raw, {**SETTINGS, "default_phone_country": "VN"})
    write_hoa(raw, "hoa")
    for table in ("crm/contacts", "web/events", "orders/orders"):
        (raw / f"{table}.csv").unlink()
    call = {"contact_id": "1", "activity_type": "call", "occurred_at": "2026-01-04"}
    write_rows(raw, "crm/activities", [
        {"activity_id": f"a{number}", **call, "outcome": f"ask her: {spelling}"}
        for number, spelling in enumerate(SPELLINGS)
    ], part="of_hoa.erased@example.com")  # fmt: skip
    outs = {engine: Output(tmp_path_factory.mktemp(engine)) for engine in ENGINES}
    for engine, output in outs.items():
        publish(raw, output.root, "--target", engine, project=small)
        assert traces_under(output.root), "the test would not see a trace if there was one"
    write_rows(raw, "privacy/erasure_requests", [REQUEST])
    for engine, output in outs.items():
        publish(raw, output.root, "--target", engine, project=small)
    return outs


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_left_of_an_erased_person(engine: str, outs: dict[str, Output]) -> None:
    assert traces_under(outs[engine].root) == {}


def test_marts_are_the_same_on_both_engines(outs: dict[str, Output]) -> None:
    compared, differences = compare(outs["duckdb"].published, outs["spark"].published_on_spark)
    assert differences == []
    assert compared >= 5
