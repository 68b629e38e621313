"""Whole builds on a cluster: the marts are those of the other engine, also when a worker is killed in mid-build.

Minutes long, so a run of all tests leaves this folder out: `scripts/test tests/soak`.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from customer_journey.compare import compare
from customer_journey.demo_company import write_demo
from customer_journey.paths import Output
from customer_journey.spark.cluster import LocalCluster, local_cluster

from tests.scenarios.scenario import write_shuffled
from tests.support.builds import publish

SCALE = 0.02
# Of some hundred models and seeds: by then all threads are at work on what reads and writes much.
MODELS_BEFORE_THE_KILL = 30


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo company small enough for a cluster on one machine."""
    folder = tmp_path_factory.mktemp("raw")
    write_demo(folder, lambda table, share: None, scale=SCALE)
    return folder


def test_the_marts_do_not_depend_on_a_worker_that_was_killed(raw: Path, tmp_path: Path) -> None:
    """A worker that is lost costs time and nothing else."""
    on_duckdb = publish(raw, tmp_path / "duckdb")
    output = Output(tmp_path / "spark")
    with local_cluster(tmp_path / "cluster", timeout=300) as cluster:
        build = _start_build(cluster, raw, output)
        _wait_for_models(build, output)
        # the worker with its executor, as when a machine goes
        os.killpg(cluster.workers[0].process.pid, signal.SIGKILL)
        said, _ = build.communicate()
        assert build.returncode == 0, said[-6000:]
        assert cluster.workers_alive() == 1
        _assert_equal(on_duckdb, output)


def test_all_scenarios_on_a_cluster(tmp_path: Path) -> None:
    """Several connections, executors in processes of their own and statements at once leave no trace in the marts."""
    write_shuffled(tmp_path / "raw")
    on_duckdb = publish(tmp_path / "raw", tmp_path / "duckdb")
    output = Output(tmp_path / "spark")
    with local_cluster(tmp_path / "cluster", timeout=300) as cluster:
        build = _start_build(cluster, tmp_path / "raw", output)
        said, _ = build.communicate()
        assert build.returncode == 0, said[-6000:]
        _assert_equal(on_duckdb, output)


def _start_build(cluster: LocalCluster, raw: Path, output: Output) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "customer_journey", "build", "--target", "spark"]
    return subprocess.Popen(
        [*command, "--raw", str(raw), "--out", str(output.root)],
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
