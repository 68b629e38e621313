"""The wheel: an installed journey builds without a checkout."""

import os
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from customer_journey.landing.reason_codes import explanation_of
from customer_journey.paths import PROJECT

from tests.support.builds import FEW_FRAMEWORKS, write_rows, write_settings


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the wheel of this checkout is unpacked, as an installer does."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=PROJECT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def _journey(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed journey in a folder; the libraries are those of this environment."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    environment.pop("JOURNEY_PROJECT", None)
    return subprocess.run(
        [sys.executable, "-m", "customer_journey", *arguments],
        capture_output=True, text=True, check=False, cwd=folder, env=environment,
    )  # fmt: skip


def test_an_installed_journey_publishes_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    write_rows(
        raw,
        "orders/orders",
        [{"order_id": "wheel-o1", "email": "wheel@example.com", "ordered_at": "2026-01-05T10:00:00Z", "status": "paid",
          "sales_channel": "website", "total_amount": "100"},
         {"order_id": "wheel-o2", "email": "wheel@example.com", "ordered_at": "2026-01-06T10:00:00Z", "status": "paid",
          "sales_channel": "website", "total_amount": ""}],
    )  # fmt: skip
    write_settings(raw, {"as_of": "2026-03-01T00:00:00Z", **FEW_FRAMEWORKS})
    done = _journey(installed, tmp_path, "build", "--raw", "raw", "--pages")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (tmp_path / "out" / "journey.duckdb").is_file()
    # the templates of the report and of dbt's pages are in the wheel too
    assert (tmp_path / "out" / "report" / "index.html").is_file()
    assert (tmp_path / "out" / "docs" / "index.html").is_file()
    # the documentation, which the advice on refused rows is read from
    listed = _journey(installed, tmp_path, "quarantine", "--out", "out")
    assert listed.returncode == 0, listed.stderr
    assert explanation_of("missing_total_amount").do in " ".join(listed.stdout.split())


def test_an_installed_project_is_not_changed(installed: Path, tmp_path: Path) -> None:
    done = _journey(installed, tmp_path, "new", "stage", "wheel_stage", "--signal", "order")
    assert done.returncode == 2
    assert "Clone the repository" in done.stderr
    assert not (installed / "customer_journey" / "project" / "models" / "stages" / "wheel_stage.sql").exists()


def test_the_version_is_one_everywhere(installed: Path, tmp_path: Path) -> None:
    done = _journey(installed, tmp_path, "--version")
    assert done.returncode == 0
    ours, *engines = done.stdout.splitlines()
    assert ours == f"customer_journey {version('customer-journey')}"
    assert f"DuckDB {version('duckdb')}" in engines
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project["version"] == version("customer-journey")
    headings = [line for line in (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines() if "## [" in line]
    assert any(line.startswith(f"## [{project['version']}]") for line in headings)
