"""OUT/docs: the documentation page of dbt that a build writes, read without a network."""

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from customer_journey.errors import InputError
from customer_journey.paths import Output
from customer_journey.publishing.model_docs import write_docs

from tests.support.demo import Demo

MEGABYTES = 12


def test_the_build_left_it(demo: Demo) -> None:
    page = Output(demo.out).docs
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert page.stat().st_size < MEGABYTES * 1_000_000
    text = page.read_text(encoding="utf-8")
    assert "INLINE DATA" not in text
    assert str(demo.out) not in text
    assert "superset_dashboard" in text


def test_a_chromium_without_network_shows_a_mart(demo: Demo) -> None:
    """The page shows the columns of a mart with their types, and the SQL that ran."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    asked = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context(offline=True).new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{Output(demo.out).docs.as_uri()}#!/model/model.customer_journey.kpi_mrr")
        page.wait_for_selector("text=MRR when the month began")
        text = page.inner_text("body")
        browser.close()
    assert "DECIMAL(28,4)" in text
    assert "kpi_mrr" in text
    assert {url.split(":")[0] for url in asked} <= {"file", "data", "blob"}


def test_text_that_would_end_the_script_does_not(tmp_path: Path) -> None:
    output = Output(tmp_path)
    node: dict[str, Any] = {
        "resource_type": "model",
        "name": "kpi_small",
        "schema": "marts",
        "description": "</script><b>",
        "columns": {"n": {"name": "n", "data_type": "bigint"}},
        "compiled_path": str(tmp_path),
    }
    manifest = {
        "metadata": {"dbt_version": "1", "generated_at": "2026-01-01"},
        "nodes": {"model.x": node},
        "sources": {},
    }
    folder = output.dbt_folder("duckdb")
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    text = write_docs(output).read_text(encoding="utf-8")

    assert '"description":"<\\/script><b>"' in text
    # without a warehouse, on Spark, types are those that are described
    assert '"columns":{"n":{"name":"n","type":"bigint","index":1,"comment":null}}' in text
    assert str(tmp_path) not in text


def test_nothing_built(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing was built here"):
        write_docs(Output(tmp_path))
