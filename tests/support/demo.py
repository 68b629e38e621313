"""The demo company, built once for all tests that look at it, however many processes they run in."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import filelock
import pytest
from customer_journey.paths import DEMO

from tests.support.builds import run_build_with


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
    base = tmp_path_factory.getbasetemp()
    # the processes of pytest-xdist have folders of their own beside each other
    shared = base.parent if re.match(r"gw\d", os.environ.get("PYTEST_XDIST_WORKER", "")) else base
    out, built = shared / "demo_out", shared / "demo_built"
    with filelock.FileLock(shared / "demo.lock"):
        if not built.exists():
            done = run_build_with(out)
            assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
            built.write_text(done.stdout, encoding="utf-8")
        return Demo(DEMO, out)
