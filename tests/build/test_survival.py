"""Five of the harms that `scripts/soak` does to builds by the dozen: readers and the next build do not notice.

They hurt one output folder, each the build of other rows than those published, and the last build must end in the marts
of one that nothing happened to.
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
    """A tiny company, and the one that differs in an order and in as-of, each built once."""
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
    """Half of a file's rows would be taken for all of them."""
    _, state = survive.kill_one(soak, "landing", random.Random(1))
    assert state == "published file as it was"


def test_killed_while_it_builds_models(soak: Soak) -> None:
    """Models of two companies would lie side by side, and pass for one."""
    _, state = survive.kill_one(soak, "models", random.Random(2))
    assert state == "published file as it was"


def test_short_of_room(soak: Soak) -> None:
    """Half a published file, or pages of Python, where the disk was full for a night."""
    before = soak.out.published.read_bytes()
    # no file may grow beyond it: less than the first block of a database needs
    victim = _victim(soak, RLIMIT_FSIZE=100_000)
    victim.process.wait()
    assert survive.outcome(victim).startswith("exit 1: error: no room left")
    assert soak.out.published.read_bytes() == before


def test_damaged_warehouse(soak: Soak) -> None:
    """What a disk has lost would be built on, or end in pages of Python."""
    warehouse, before = soak.out.warehouse, soak.out.published.read_bytes()
    kept = warehouse.read_bytes()
    warehouse.write_bytes(b"\0" * 8192 + kept[8192:])
    victim = _victim(soak)
    victim.process.wait()
    assert survive.outcome(victim).startswith("exit 2: error: ")
    assert soak.out.published.read_bytes() == before
    warehouse.write_bytes(kept)


def test_next_build_ends_as_if_nothing_had_happened(soak: Soak) -> None:
    """The one that follows ends in the marts of an unbroken one, and says how those before it ended.

    As-of goes backwards in it, too.
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
    # those that were killed have no other build's word for how they ended
    assert "interrupted" in earlier[1:]
    assert set(earlier[1:]) <= {"interrupted", "failed"}
