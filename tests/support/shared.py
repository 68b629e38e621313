"""Files that several tests read are made once, even if tests run in several processes."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import filelock
import pytest


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder of this name, which `make` fills once in this or another process of the run."""
    base = tmp_path_factory.getbasetemp()
    # the folders of pytest-xdist's processes are siblings
    shared = base.parent if re.match(r"gw\d", os.environ.get("PYTEST_XDIST_WORKER", "")) else base
    folder, done = shared / name, shared / f"{name}.made"
    with filelock.FileLock(shared / f"{name}.lock"):
        if not done.exists():
            # leftovers of a failed attempt
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
