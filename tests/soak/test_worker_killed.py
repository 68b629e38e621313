"""A worker that is killed in mid-build costs time and nothing else: the marts are those of the other engine.

Minutes long, so a run of all tests leaves this folder out: `scripts/test tests/soak`.
"""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from customer_journey.demo_company import write_demo
from customer_journey.paths import PROJECT
from customer_journey.spark.cluster import LocalCluster, local_cluster
from pyhive import hive

from tests.support.builds import TELLS_OF_RUNS, publish
from tests.support.dbt import DBT

SCALE = 0.02
# Of some hundred models and seeds: by then all threads are at work on what reads and writes much.
MODELS_BEFORE_THE_KILL = 30


@pytest.fixture(scope="module")
def duckdb_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("duckdb_build")
    write_demo(folder / "raw", lambda table, share: None, scale=SCALE)
    publish(folder / "raw", folder / "out")
    return folder / "out"


def test_the_marts_do_not_depend_on_a_worker_that_was_killed(duckdb_build: Path, tmp_path: Path) -> None:
    with local_cluster(tmp_path / "cluster", timeout=300) as cluster:
        _share_landed(duckdb_build / "warehouse.duckdb", tmp_path / "landed", cluster)
        build = _start_dbt(cluster, tmp_path)
        assert build.stdout
        said: list[str] = []
        done, killed = 0, False
        for line in build.stdout:
            said.append(line)
            done += " OK " in line
            if done == MODELS_BEFORE_THE_KILL and not killed:
                # the worker with its executor, as when a machine goes
                os.killpg(cluster.workers[0].process.pid, signal.SIGKILL)
                killed = True
        assert killed, "".join(said[-30:])
        assert build.wait() == 0, "".join(said[-60:])
        assert cluster.workers_alive() == 1
        # the rest took its time after the kill, so that the worker was missed
        assert done > 2 * MODELS_BEFORE_THE_KILL
    differing = _differing_marts(duckdb_build / "journey.duckdb", tmp_path / "cluster" / "warehouse" / "marts.db")
    assert differing == {}


def _share_landed(warehouse: Path, landed: Path, cluster: LocalCluster) -> None:
    """Let the cluster read what DuckDB's build landed, as scripts/build does."""
    with (
        duckdb.connect(str(warehouse), read_only=True) as source,
        hive.connect(cluster.environment["JOURNEY_SPARK_HOST"], cluster.thrift_port, auth="NONE") as spark,
        spark.cursor() as cursor,
    ):
        tables = source.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name like 'raw\\_%' escape '\\'"
            " or (schema_name = 'private' and table_name in ('settings', 'erased_rows')) order by all"
        ).fetchall()
        for schema, table in tables:
            folder = landed / f"{schema}.{table}"
            folder.mkdir(parents=True)
            source.execute(f"copy {schema}.{table} to '{folder}/rows.parquet' (format parquet)")
            cursor.execute(f"create schema if not exists {schema}")
            cursor.execute(f"create table {schema}.{table} using parquet location '{folder.as_uri()}'")


def _start_dbt(cluster: LocalCluster, state: Path) -> subprocess.Popen[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "JOURNEY_"))}
    return subprocess.Popen(
        [
            *(str(DBT), "--no-use-colors", "build", "--target", "spark_thrift", "--exclude-resource-type", "unit_test"),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(state / "target"), "--log-path", str(state / "logs")),
        ],
        env={**own, **cluster.environment, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=state,
    )


def _differing_marts(published: Path, spark_marts: Path) -> dict[str, Sequence[Any]]:
    """Compare what both engines built, in the types of the first; numbers of floating point to six digits."""
    differences: dict[str, Sequence[Any]] = {}
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{published}' as published (read_only)")
        columns_of: dict[str, list[str]] = {}
        for mart, column, kind in connection.execute(
            "select table_name, column_name, data_type from duckdb_columns() where database_name = 'published'"
            " and schema_name = 'marts' order by table_name, column_index"
        ).fetchall():
            read = f"cast({column} as {kind})"
            columns_of.setdefault(mart, []).append(f"round({read}, 6)" if kind == "DOUBLE" else read)
        assert len(columns_of) > 20
        for mart, columns in columns_of.items():
            if mart in TELLS_OF_RUNS:
                continue
            selected = ", ".join(columns)
            one = f"select {selected} from published.marts.{mart}"
            other = f"select {selected} from read_parquet('{spark_marts}/{mart}/*.parquet')"
            if rows := connection.execute(
                f"(select 'duckdb', * from ({one} except all {other}) limit 3)"
                f" union all (select 'spark', * from ({other} except all {one}) limit 3)"
            ).fetchall():
                differences[mart] = rows
    return differences
