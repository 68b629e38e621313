"""What many files of tests share: a small project to build, and one Spark session a process, which is slow to start."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from customer_journey.spark.session import start_session

from tests.support.shared import made_once
from tests.support.small_project import make_small_project

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


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
