"""The shares of refused rows of a table at which a build warns and at which it stops."""

from collections.abc import Iterator

import duckdb
import pytest
from customer_journey.landing.refused import Refusal, examples_in, refusals


@pytest.mark.parametrize(
    ("rows", "refused", "stops"),
    [(99, 99, False), (100, 50, False), (100, 51, True), (1000, 500, False), (1000, 501, True), (7, 5, False)],
)
def test_more_than_the_share_of_a_hundred_rows_stops(rows: int, refused: int, stops: bool) -> None:
    """A table of 100 rows or more with too large a share refused stops the build."""
    assert Refusal("orders.orders", rows, refused, []).stops(0.5) is stops


@pytest.fixture
def models() -> Iterator[duckdb.DuckDBPyConnection]:
    """Staged deals: six that break four rules, and one that refers to a quarantined row."""
    with duckdb.connect() as connection:
        connection.execute("create schema staging")
        connection.execute("create schema intermediate")
        connection.execute(
            "create table staging.stg_crm__deals as from (values"
            " (1, 8, 'quarantined', 'missing_deal_id'), (1, 3, 'quarantined', 'invalid_amount'),"
            " (2, 1, 'quarantined', 'invalid_amount'), (2, 9, 'quarantined', 'too_early_created_at'),"
            " (2, 8, 'quarantined', 'too_early_created_at'), (1, 2, 'quarantined', 'invalid_amount'),"
            " (1, 1, 'accepted', null), (1, 4, 'accepted', null)"
            ") as rows (_file_id, _row_number, row_status, row_reason)"
        )
        connection.execute(
            "create table intermediate.int_integrity_rejects as from (values"
            " ('crm.deals', 1, 4, 'quarantined', 'quarantined_parent'), ('crm.deals', 1, 5, 'deferred', null),"
            " ('orders.orders', 1, 1, 'quarantined', 'other')"
            ") as rows (source_table, _file_id, _row_number, row_status, row_reason)"
        )
        yield connection


def test_the_three_commonest_reasons_have_a_row_each(models: duckdb.DuckDBPyConnection) -> None:
    """The message names an example row for each of the three most frequent reasons."""
    files = {1: "crm/deals/a.csv", 2: "crm/deals/b.parquet"}
    with examples_in(files) as place:
        found = refusals(
            lambda query: models.execute(query).fetchall(), place, [("crm.deals", 8, 7), ("web.events", 9, 0)]
        )
    # in a text file the header is line 1; equally frequent reasons are in alphabetical order
    assert [str(refusal) for refusal in found] == [
        "crm/deals: 7 of 8 rows are refused (88 %): invalid_amount 3 (such as row 3 of crm/deals/a.csv);"
        " too_early_created_at 2 (such as row 8 of crm/deals/b.parquet);"
        " missing_deal_id 1 (such as row 9 of crm/deals/a.csv)"
    ]


@pytest.mark.parametrize(("rows", "is_told"), [(20, True), (21, False)])
def test_five_percent_are_told(rows: int, is_told: bool) -> None:
    """A warning appears from 5 % of refused rows."""
    assert bool(refusals(lambda query: [], lambda example: "", [("crm.deals", rows, 1)])) is is_told
