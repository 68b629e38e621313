"""Suppression lists of earlier releases."""

import duckdb
from customer_journey.privacy import erasure


def test_hashes_of_64_digits_are_cut_to_those_of_today() -> None:
    """Hashes of 64 digits are shortened to the present 32, so that they still match erased persons."""
    today, tomorrow = "0123456789abcdef" * 2, "f" * 32
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema private")
        connection.execute("create table private.suppression_list (identifier_hash varchar)")
        connection.execute("insert into private.suppression_list values (?), (?)", [today + "0" * 32, tomorrow])
        erasure.prepare(connection)
        kept = connection.execute("select identifier_hash from private.suppression_list order by 1").fetchall()
    assert kept == [(today,), (tomorrow,)]
