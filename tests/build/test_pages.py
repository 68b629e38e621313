"""The pages that a build leaves, in a browser."""

import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium adds this lane")
def test_data_docs_open_in_a_browser(tiny_out: Path, tmp_path: Path) -> None:
    """Pages that ask for scripts from elsewhere stay empty where there is no internet; these must show their tables."""
    index = _text_of(tiny_out / "data_docs" / "index.html", tmp_path)
    assert "expectations on" in index
    assert "marts.fct_attribution" in index
    table = _text_of(tiny_out / "data_docs" / "marts.fct_attribution.html", tmp_path)
    assert "every model judges every conversion" in table


def _text_of(page: Path, profile: Path) -> str:
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile / 'chromium'}",
        "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout
