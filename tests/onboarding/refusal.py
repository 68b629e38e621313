"""What a build says of a mapping that it cannot follow."""

from pathlib import Path

import duckdb
import pytest
from customer_journey.errors import InputError
from customer_journey.landing.land import land
from customer_journey.privacy import erasure

from tests.onboarding.files import write


def refusal_of(folder: Path, entry: str) -> str:
    """Return the error of landing sales.csv of a folder as orders, by an entry of mapping.yml without its files."""
    text = f"tables:\n  orders/orders:\n    files: [sales.csv]\n    {entry}\n"
    write(folder, "mapping.yml", text)
    with duckdb.connect() as connection, pytest.raises(InputError) as refused:
        erasure.prepare(connection)
        land(connection, folder, lambda table, share: None)
    return str(refused.value)
