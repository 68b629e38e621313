"""The local Spark cluster: it answers, leaves nothing behind, and reports unusable options."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from customer_journey.errors import InputError
from tools import cluster
from tools.cluster import HOST, local_cluster

# a small version of a build: the settings of the dbt target reach the session, workers write a table and read it
COMMAND = """
import json, os, subprocess, sys
from pyhive import hive

configuration = {"set:hiveconf:spark.journey.hash_key": "k3y", "set:hiveconf:spark.sql.ansi.enabled": "false"}
port = int(os.environ["JOURNEY_SPARK_PORT"])
auth = os.environ["JOURNEY_SPARK_AUTH"]
with hive.connect(os.environ["JOURNEY_SPARK_HOST"], port, auth=auth, configuration=configuration) as connection:
    cursor = connection.cursor()
    cursor.execute("create table numbers as select id from range(10)")
    cursor.execute("select '${spark.journey.hash_key}', count(*), try_cast('x' as int) from numbers")
    answer = cursor.fetchall()[0]
processes = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
print(json.dumps({"answer": answer, "processes": processes.splitlines()}))
sys.exit(7)
"""


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.cluster", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def _processes_of(folder: str) -> list[str]:
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if folder in line]


def test_a_command_runs_on_a_cluster_that_is_gone_afterwards(tmp_path: Path) -> None:
    # a folder name with a space, as real ones have
    place = tmp_path / "my temp"
    place.mkdir()
    done = _run(
        "--workers",
        "1",
        "--timeout",
        "300",
        "--",
        sys.executable,
        "-c",
        COMMAND,
        TMPDIR=str(place),
        SPARK_HOME="/nowhere",
    )
    assert done.returncode == 7, done.stderr[-3000:]
    said = json.loads(done.stdout)
    assert said["answer"] == ["k3y", 10, None]

    found = re.search(
        r"Master spark://127\.0\.0\.1:(\d+), its page http://127\.0\.0\.1:(\d+), .*:(\d+), folder (.*)", done.stderr
    )
    assert found, done.stderr
    ports, folder = [int(port) for port in found.groups()[:3]], found[4]
    assert folder.startswith(str(place))
    # master, worker, executor, Thrift server and the watchdog: the listing shows them by their folder
    assert len([line for line in said["processes"] if folder in line]) == 5
    assert _processes_of(folder) == []
    for port in ports:
        with socket.socket() as tried:
            assert tried.connect_ex((HOST, port)) != 0
    assert list(place.iterdir()) == []


def test_the_watchdog_ends_everything_when_its_parent_is_killed(tmp_path: Path) -> None:
    doomed = tmp_path / "doomed"
    doomed.mkdir()
    # a parent that starts a process group with a child, registers it with the watchdog, and is killed
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "dog = subprocess.Popen([sys.executable, '-m', 'tools.watchdog', sys.argv[1]], stdin=-1,"
            " start_new_session=True)\n"
            "group = subprocess.Popen(['sh', '-c', 'sleep 600 & sleep 600'], start_new_session=True)\n"
            "command = subprocess.Popen(['sleep', '600'])\n"
            "dog.stdin.write(f'group {group.pid}\\nprocess {command.pid}\\n'.encode())\n"
            "dog.stdin.flush()\n"
            "print(dog.pid, group.pid, command.pid, flush=True)\n"
            "time.sleep(600)\n",
            str(doomed),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    dog, group, command = (int(pid) for pid in parent.stdout.readline().split())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    give_up = time.monotonic() + 20
    while (left := _alive(dog, group, command)) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert left == []
    assert not doomed.exists()


def _alive(dog: int, group: int, command: int) -> list[str]:
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,pgid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.split(None, 3) for line in listed.splitlines()]
    return [
        " ".join(line)
        for line in lines
        if (int(line[0]) in (dog, command) or int(line[1]) == group) and not line[2].startswith("Z")
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--memory", "lots"], "no amount of memory"),
        (["--memory", "100m"], "too little for Spark"),
        (["--workers", "0"], "--workers"),
        (["--cores", "0"], "--cores"),
        (["--thrift-port", "70000"], "--thrift-port"),
        (["--folder", __file__], "is a file"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_an_argument_that_cannot_be_used_is_one_line(
    arguments: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["local_cluster", *arguments])
    with pytest.raises(SystemExit) as ended:
        cluster.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err.strip()
    assert complaint in said
    assert said.startswith("error: ")
    assert "\n" not in said


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(InputError, match=rf"--master-port {port}: cannot listen"),
            local_cluster(tmp_path / "cluster", master_port=port),
        ):
            pass
    assert not (tmp_path / "cluster").exists()


def test_two_ports_cannot_be_one() -> None:
    with pytest.raises(InputError, match="give two"), local_cluster(master_port=17077, thrift_port=17077):
        pass


def test_two_clusters_do_not_share_a_folder(tmp_path: Path) -> None:
    with cluster._sole_use(tmp_path), pytest.raises(InputError, match="another cluster"), local_cluster(tmp_path):
        pass
    assert [file.name for file in tmp_path.iterdir()] == [".lock"]


def test_a_part_that_does_not_start_is_told_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # a Java that fails
    java = tmp_path / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\necho 'no memory today' >&2\nexit 3\n", encoding="utf-8")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "java"))
    monkeypatch.setattr(cluster, "use_java", lambda: None)
    with (
        pytest.raises(cluster.ClusterError, match=r"master ended with code \d+(.|\n)*no memory today"),
        local_cluster(),
    ):
        pass
