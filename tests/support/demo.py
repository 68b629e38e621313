"""The demo company, built once for all tests, even if they run in several processes."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from customer_journey.paths import DEMO

from tests.support.builds import run_build_with
from tests.support.shared import made_once


@dataclass(frozen=True)
class Demo:
    """The raw tables of the demo company and the output folder of its build."""

    raw: Path
    out: Path

    @property
    def published(self) -> Path:
        """The published file."""
        return self.out / "journey.duckdb"

    @property
    def warehouse(self) -> Path:
        """The private warehouse."""
        return self.out / "warehouse.duckdb"

    def raw_files(self, label: str) -> list[Path]:
        """Return the files of one raw table."""
        single = [file for suffix in (".csv", ".parquet") if (file := self.raw / f"{label}{suffix}").is_file()]
        return single or sorted(file for file in (self.raw / label).rglob("*.*") if file.is_file())


def built_demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Build the demo as a user does, without --raw, or return what another test process has built."""
    return Demo(DEMO, made_once(tmp_path_factory, "demo", _build))


def _build(out: Path) -> None:
    done = run_build_with(out, "--pages")
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
