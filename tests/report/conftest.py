"""The report of the demo company, as its build writes it."""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session")
def data(report: Path) -> dict[str, Any]:
    """The data of the page, decompressed as a browser does."""
    return unpacked(report.read_text(encoding="utf-8"))


def unpacked(html: str) -> dict[str, Any]:
    """Return the data of a page."""
    text = re.search(r'<script[^>]*id="data"[^>]*>([^<]+)<', html)
    assert text is not None
    document: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(text[1])))
    return document
