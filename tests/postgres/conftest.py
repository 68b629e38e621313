"""One server for all tests of PostgreSQL in a process."""

from collections.abc import Iterator

import pytest

from tests.support.postgres import PostgresServer, started_server


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with started_server() as started:
        yield started
