"""One PostgreSQL server per process for all tests that need one."""

from collections.abc import Iterator

import pytest

from tests.support.postgres import PostgresServer, started_server


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with started_server() as started:
        yield started
