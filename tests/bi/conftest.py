"""The published demo company, against which the dashboard and the pages are checked."""

import pytest

from tests.support.demo import Demo, built_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo company as `scripts/build` publishes it. Tests only read it."""
    return built_demo(tmp_path_factory)
