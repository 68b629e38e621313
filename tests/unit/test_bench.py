"""Reading and adding up the measurements of scripts/bench, without a build."""

import os
import sys
from pathlib import Path

import click
import duckdb
import pytest
from tools.bench import largest_tables, measure, slowest_nodes

LOG = """
10:00:00.1 [info ] [MainThread]: 1 of 3 OK hook: customer_journey.on-run-start.0 ............ [OK in 9.00s]
10:00:01.1 [info ] [Thread-1 (]: 1 of 4 START sql table model staging.stg_web__events ....... [RUN]
10:00:02.1 [info ] [Thread-1 (]: 1 of 4 OK created sql table model staging.stg_web__events .. [OK in 1.50s]
10:00:02.2 [info ] [Thread-2 (]: 2 of 4 OK loaded seed file seeds.channel_rules ............. [INSERT 28 in 0.25s]
10:00:02.3 [info ] [Thread-1 (]: 3 of 4 PASS a_name_that_fills_its_line_to_the_end_and_more_than_that  [PASS in 2.25s]
10:00:02.4 [info ] [Thread-1 (]: 4 of 4 WARN 12 most_touches_are_known ...................... [WARN 12 in 0.50s]
10:01:02.1 [info ] [Thread-1 (]: 1 of 1 OK created sql table model staging.stg_web__events .. [OK in 2.00s]
10:01:03.1 [info ] [MainThread]: Finished running 3 table models in 0 hours 0 minutes and 3.50 seconds (3.50s).
"""


def test_slowest_nodes_add_up_over_the_invocations_of_a_build() -> None:
    """The seconds of a model that a build runs twice, such as after an erasure, are added up."""
    assert slowest_nodes(LOG) == [
        ("staging.stg_web__events", 3.5),
        ("a_name_that_fills_its_line_to_the_end_and_more_than_that", 2.25),
        ("most_touches_are_known", 0.5),
        ("seeds.channel_rules", 0.25),
    ]


def test_cpu_of_a_short_grandchild_counts() -> None:
    """CPU time of processes that live shorter than the sampling interval is counted."""
    spin = "import time\nwhile time.process_time() < 0.4: pass"
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    assert measure([sys.executable, "-c", parent, spin]).cpu >= 0.4


def test_failure_is_told_by_its_last_line() -> None:
    """A failed build is reported with its last line, and not measured as a fast one."""
    with pytest.raises(click.ClickException, match="no memory left"):
        measure([sys.executable, "-c", "print('starting'); print('no memory left'); raise SystemExit(1)"])


def test_largest_tables_come_first(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(os.fspath(file)) as connection:
        connection.execute("create schema marts; create schema staging")
        connection.execute("create table marts.small as from range(2); create table staging.large as from range(3000)")
    assert largest_tables(file) == [("staging.large", 3000), ("marts.small", 2)]
