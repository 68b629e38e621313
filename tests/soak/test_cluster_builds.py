"""Whole builds on a Spark cluster have the marts of DuckDB, also if a worker is killed during the build.

Readers see only whole builds meanwhile. It takes minutes, so a run of all tests leaves this folder out: `scripts/test
tests/soak`.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from customer_journey.comparison.compare import compare
from customer_journey.paths import Output
from demo_company import generate
from pyhive import hive
from tools.cluster import HOST, LocalCluster, local_cluster

from tests.scenarios.scenario import write_shuffled
from tests.support.builds import publish
from tests.support.el_tool import SCHEMAS, write_typed

SCALE = 0.02
# some orders of the scenarios arrive later
EARLIER = "2026-03-01T00:00:00Z"
# number of finished models after which the worker is killed: all threads are then busy
MODELS_BEFORE_THE_KILL = 30


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo company small enough for a cluster on one machine."""
    folder = tmp_path_factory.mktemp("raw")
    generate(folder, scale=SCALE)
    return folder


def test_the_marts_do_not_depend_on_a_worker_that_was_killed(raw: Path, tmp_path: Path) -> None:
    """A killed worker changes no mart; otherwise rows could count twice or be lost.

    The raw tables are those of an EL tool in the cluster's catalog, beside an unrelated table.
    """
    on_duckdb = publish(raw, tmp_path / "duckdb")
    output = Output(tmp_path / "on spark")
    output.root.mkdir()
    shutil.copy(raw / "vars.yml", output.root)
    with local_cluster(tmp_path / "my cluster", timeout=300) as cluster:
        statements = [*write_typed(raw, tmp_path / "tables"), "create database raw_data"]
        with _connected(cluster) as connection, connection.cursor() as cursor:
            for statement in [*statements, "create view raw_data.contacts as select 1 as contact_id"]:
                cursor.execute(statement)
        build = _start_build(cluster, output, "--raw-schemas", SCHEMAS)
        _wait_for_models(build, output)
        # the worker with its executor, as when a machine fails
        os.killpg(cluster.workers[0].process.pid, signal.SIGKILL)
        said, _ = build.communicate()
        assert build.returncode == 0, said[-6000:]
        assert cluster.workers_alive() == 1
        _assert_equal(on_duckdb, output)


def test_all_scenarios_on_a_cluster(tmp_path: Path) -> None:
    """All scenarios have the expected marts on a cluster with several connections and executors.

    Invariant 8: a reader meanwhile sees no error and no rows of two builds.
    """
    write_shuffled(tmp_path / "raw")
    on_duckdb = publish(tmp_path / "raw", tmp_path / "duckdb")
    output = Output(tmp_path / "on spark")
    files = ("--raw", str(tmp_path / "raw"))
    with local_cluster(tmp_path / "my cluster", timeout=300) as cluster:
        build = _start_build(cluster, output, *files, "--as-of", EARLIER)
        said, _ = build.communicate()
        assert build.returncode == 0, said[-6000:]
        with _reader(cluster) as seen:
            build = _start_build(cluster, output, *files)
            said, _ = build.communicate()
        assert build.returncode == 0, said[-6000:]
        _assert_equal(on_duckdb, output)
    assert len({row[0] for row in seen}) == 2, (
        "the reader saw the build before, and the one that was published meanwhile"
    )
    assert [row for row in seen if row[0] != row[1]] == [], "no mixture of two builds"
    assert len(set(seen)) == 2, "a build has the same orders whenever it is read"
    assert len({row[2] for row in seen}) == 2, "orders of the two builds can be told apart"


@contextmanager
def _reader(cluster: LocalCluster) -> Iterator[list[tuple[str, str, int]]]:
    """Query marts repeatedly in a thread with its own connection, and list the results."""
    done = threading.Event()
    seen: list[tuple[str, str, int]] = []
    failures: list[Exception] = []
    query = (
        "select max(info.build_id), (select max(build_id) from marts.audit_builds), count(orders.order_id)"
        " from marts.build_info as info left join marts.fct_orders as orders on true"
    )

    def read() -> None:
        with _connected(cluster) as connection, connection.cursor() as cursor:
            while True:
                is_last = done.is_set()
                try:
                    cursor.execute(query)
                    seen.extend(cursor.fetchall())
                except Exception as error:  # whatever a reader meets is a finding
                    failures.append(error)
                if is_last:
                    return

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()
    assert failures == []


def _connected(cluster: LocalCluster) -> hive.Connection:
    return hive.connect(HOST, cluster.thrift_port, auth="NONE")


def _start_build(cluster: LocalCluster, output: Output, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "customer_journey", "build", "--target", "spark"]
    return subprocess.Popen(
        [*command, "--out", str(output.root), *options],
        env={**os.environ, **cluster.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _assert_equal(on_duckdb: Path, output: Output) -> None:
    marts, differences = compare(on_duckdb, output.published_on_spark)
    assert marts > 20
    assert differences == []


def _wait_for_models(build: subprocess.Popen[str], output: Output) -> None:
    log = output.logs / "dbt.log"
    while not log.exists() or log.read_text(encoding="utf-8").count(" OK ") < MODELS_BEFORE_THE_KILL:
        assert build.poll() is None, "the build ended before the worker was killed"
        time.sleep(1)
