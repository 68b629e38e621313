"""Shared fixtures: a small project to build, and one Spark session per process, because it is slow to start."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from customer_journey.privacy.hash_key import ENVIRONMENT_VARIABLE
from customer_journey.spark.session import start_session

from tests.support.shared import made_once
from tests.support.small_project import make_small_project

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


# one key for all builds, because tests compare them; without one, each build would make its own. Tests of keys unset
# it.
os.environ[ENVIRONMENT_VARIABLE] = "a-key-of-all-tests"
# no report and documentation pages by default, because they take seconds per build; tests of pages ask for them
os.environ["JOURNEY_PAGES"] = "0"

# the slowest files first, so that two processes which take a file at a time end together
LONGEST = (
    "tests/scenarios/test_scenarios.py",
    "tests/build/test_mutations.py",
    "tests/build/test_publish.py",
    "tests/build/test_survival.py",
    "tests/build/test_bad_input.py",
    "tests/workbench/test_workbench.py",
    "tests/build/test_dirty_demo.py",
    "tests/build/test_warehouse_schemas.py",
    "tests/examples/test_online_retail.py",
    "tests/build/test_plain_dbt.py",
    "tests/spark/test_raw_schemas.py",
    "tests/build/test_erasure.py",
    "tests/build/test_person_changes.py",
    "tests/cross_engine/test_macros.py",
    "tests/demo/test_metrics.py",
    "tests/clv/test_clv_in_builds.py",
    "tests/properties/test_attribution_of_paths.py",
    "tests/postgres/test_postgres_commands.py",
    "tests/postgres/test_publish_to_postgres.py",
    "tests/report/test_report.py",
    "tests/report/test_page_in_a_browser.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""
    places = {file: place for place, file in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.location[0], len(places)))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small project, for tests of what a build does whatever its models are."""
    return made_once(tmp_path_factory, "small_project", make_small_project)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SparkSession]":
    pytest.importorskip("pyspark")
    session = start_session(tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()
