"""The demo company, published once, and a copy of the project in which the commands of the pages are run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from customer_journey.paths import PROJECT

from tests.support.demo import Demo, built_demo

# folders that commands of the pages write to; everything else is linked
_COPIED = ("models", "seeds", "dbt_project.yml", "profiles.yml")
_LINKED = (".venv", "adapters", "examples", "expectations", "macros", "scripts", "tests", "pyproject.toml", "uv.lock")
# DuckDB's command line is not installed, so the library runs the same query
_DUCKDB = """#!{python}
import sys
import duckdb
assert sys.argv[1] == "-readonly" and len(sys.argv) == 4, sys.argv
print(duckdb.connect(sys.argv[2], read_only=True).sql(sys.argv[3]))
"""


@dataclass(frozen=True)
class Sandbox:
    """A copy of the project whose `out` holds the demo's build, and a home of its own."""

    folder: Path
    home: Path

    def type(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a shell with the project's programs and the hash key of all tests."""
        programs = [str(self.home / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        # builds of other tests in this process name their own warehouse
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("DBT_") and name not in ("JOURNEY_WAREHOUSE", "JOURNEY_OUT")
        }
        environment = {
            **kept,
            "HOME": str(self.home),
            "PATH": os.pathsep.join(programs),
            "JOURNEY_PROJECT": str(self.folder),
            "DO_NOT_TRACK": "1",
        }
        return subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo company as `scripts/build` publishes it. Tests only read it."""
    return built_demo(tmp_path_factory)


@pytest.fixture(scope="module")
def sandbox(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A copy of the project and of the demo's build."""
    root = tmp_path_factory.mktemp("docs")
    folder, home = root / "project", root / "home"
    folder.mkdir()
    (home / "bin").mkdir(parents=True)
    for name in _COPIED:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, folder / name)
        else:
            shutil.copy(PROJECT / name, folder / name)
    for name in _LINKED:
        (folder / name).symlink_to(PROJECT / name)
    shutil.copytree(demo.out, folder / "out")
    program = home / "bin" / "duckdb"
    program.write_text(_DUCKDB.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    yield Sandbox(folder, home)
    shutil.rmtree(root)
