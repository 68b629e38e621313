"""Five of the faults that `scripts/soak` injects in large numbers: readers and later builds are not affected.

All happen in one output folder, each during a build of other rows than the published ones; the last build must have the
same marts as a build without any fault.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tools import survive
from tools.survive import Soak, Victim

from tests.build.conftest import write_tiny_company


@pytest.fixture(scope="module")
def soak(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soak]:
    """A tiny company and a variant that differs in one order and in as-of, each built once."""
    folder = tmp_path_factory.mktemp("survival")
    write_tiny_company(folder / "raw")
    kept = {name: os.environ.get(name) for name in ("JOURNEY_PROJECT", "JOURNEY_HASH_KEY")}
    os.environ.update({"JOURNEY_PROJECT": str(small), "JOURNEY_HASH_KEY": "the same for all builds of the soak"})
    soak = Soak(folder, folder / "raw")
    soak.prepare()
    yield soak
    for name, value in kept.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def _victim(soak: Soak, **limits: int) -> Victim:
    soak.write(soak.other())
    return Victim(soak.raw, soak.out, **limits)


def test_killed_while_it_lands(soak: Soak) -> None:
    """A build killed while landing changes nothing; half of a file's rows are not taken for all."""
    _, state = survive.kill_one(soak, "landing", random.Random(1))
    assert state == "published file as it was"


def test_killed_while_it_builds_models(soak: Soak) -> None:
    """A build killed while building models changes nothing; models of two builds do not mix."""
    # this draw is an early moment: a build that runs faster than the first one would end before a late one
    _, state = survive.kill_one(soak, "models", random.Random(1))
    assert state == "published file as it was"


def test_short_of_room(soak: Soak) -> None:
    """A full disk is reported in one line, and the published file stays whole."""
    before = soak.out.published.read_bytes()
    # limit of file size: less than the first block of a database needs
    victim = _victim(soak, RLIMIT_FSIZE=100_000)
    victim.process.wait()
    assert survive.outcome(victim).startswith("exit 1: error: no room left")
    assert soak.out.published.read_bytes() == before


def test_damaged_warehouse(soak: Soak) -> None:
    """A damaged warehouse is reported in one line and not built upon."""
    warehouse, before = soak.out.warehouse, soak.out.published.read_bytes()
    kept = warehouse.read_bytes()
    warehouse.write_bytes(b"\0" * 8192 + kept[8192:])
    victim = _victim(soak)
    victim.process.wait()
    assert survive.outcome(victim).startswith("exit 2: error: ")
    assert soak.out.published.read_bytes() == before
    warehouse.write_bytes(kept)


def test_next_build_ends_as_if_nothing_had_happened(soak: Soak) -> None:
    """The next build has the marts of a build without faults, and lists how the builds before it ended.

    Its as-of is earlier than that of the build before.
    """
    killed = _victim(soak)
    killed.wait_for("staging", 0)
    killed.kill()
    soak.recover()
    with duckdb.connect(str(soak.out.published), read_only=True) as connection:
        *earlier, last = [
            status
            for (status,) in connection.execute("select status from marts.audit_builds order by build_id").fetchall()
        ]
    assert last == "published"
    assert earlier[0] == "published"
    # no later build recorded how the killed ones ended
    assert "interrupted" in earlier[1:]
    assert set(earlier[1:]) <= {"interrupted", "failed"}
