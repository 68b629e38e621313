"""The report of the demo company, as its build writes it."""

from pathlib import Path

import pytest

from tests.support.demo import Demo, built_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo company as `scripts/build` publishes it. Tests only read it."""
    return built_demo(tmp_path_factory)


@pytest.fixture(scope="session")
def report(demo: Demo) -> Path:
    """The page that the build wrote."""
    return demo.out / "report" / "index.html"
