"""Whom earlier releases erased."""

import duckdb
from customer_journey import erasure


def test_hashes_of_64_digits_are_cut_to_those_of_today() -> None:
    """Left as they are they would match nobody any more, and whoever was erased would come back with the next file."""
    today, tomorrow = "0123456789abcdef" * 2, "f" * 32
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema private")
        connection.execute("create table private.suppression_list (identifier_hash varchar)")
        connection.execute("insert into private.suppression_list values (?), (?)", [today + "0" * 32, tomorrow])
        erasure.prepare(connection)
        kept = connection.execute("select identifier_hash from private.suppression_list order by 1").fetchall()
    assert kept == [(today,), (tomorrow,)]
