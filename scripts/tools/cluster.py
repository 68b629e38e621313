"""A real Spark cluster on one machine: a standalone master, workers and the Thrift server, listening only on loopback.

Everything comes from the pip package pyspark. Each process leads its own process group, to which its executors belong,
and all groups are ended when the block or the command that they were started for ends.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click
from customer_journey.errors import BuildError, ExitCode, InputError
from customer_journey.spark.connection import HOST_VARIABLE
from customer_journey.spark.java import use_java
from filelock import FileLock, Timeout
from rich.console import Console

from tools.watchdog import kill_groups, remove_folder

HOST = "127.0.0.1"
# The least memory with which an executor starts: Spark reserves 300 MB and requires 1.5 times that.
LEAST_MEMORY_MB = 512
_LOG_LINES = 15

# Without this option, the performance data files of a killed JVM would stay in /tmp.
_NO_TRACES = "-XX:-UsePerfData"
# Master, workers and launchers do little work: light compilation and a serial garbage collector let them start sooner.
_LITTLE_WORK = f"{_NO_TRACES} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
# The Thrift server logs failed statements with their variables filled in, the hash key too. The client gets the error
# anyway.
logger.thriftserver.name = org.apache.spark.sql.hive.thriftserver
logger.thriftserver.level = off
# These loggers warn at every session and every closed statement.
logger.hive.name = org.apache.hadoop.hive
logger.hive.level = error
logger.scheduler.name = org.apache.spark.scheduler.DAGScheduler
logger.scheduler.level = error
"""


class ClusterError(BuildError):
    """A process of the cluster did not start, or ended unexpectedly."""


@dataclass(frozen=True)
class LocalCluster:
    """A running cluster."""

    thrift_port: int
    master_url: str
    master_ui: str
    folder: Path
    server: "_Part"
    master: "_Part"
    workers: "tuple[_Part, ...]"
    parts: "_Parts"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that point a build, and the dbt target spark_thrift, at this cluster."""
        return {HOST_VARIABLE: HOST, "JOURNEY_SPARK_PORT": str(self.thrift_port), "JOURNEY_SPARK_AUTH": "NONE"}

    def workers_alive(self) -> int:
        """Ask the master for the number of workers that are alive."""
        return _workers_alive(self.master_ui)

    def ended(self) -> "_Part | None":
        """Return a process that the cluster cannot work without, if one has ended."""
        return next((part for part in (self.master, self.server) if part.process.poll() is not None), None)


@contextlib.contextmanager
def local_cluster(
    folder: Path | None = None,
    *,
    master_port: int = 0,
    thrift_port: int = 0,
    workers: int = 2,
    cores: int = 1,
    memory: str = "1g",
    server_memory: str = "2g",
    timeout: float = 120,
) -> Iterator[LocalCluster]:
    """Run a cluster for the duration of the block.

    Args:
        folder: Folder for logs, tables, the metastore and the workers' files. It is kept; without it, a temporary
            folder is used and removed at the end.
        master_port: The master's port; 0 is any free one.
        thrift_port: The Thrift server's port; 0 is any free one.
        workers: How many workers.
        cores: How many tasks a worker runs at once.
        memory: Memory of each worker; its executor gets all of it.
        server_memory: Memory of the Thrift server, which plans queries and collects their results.
        timeout: Seconds to wait for a process to answer before giving up.

    Raises:
        InputError: a port is taken, or another cluster uses the folder.
        ClusterError: a process did not start; the text ends with the last lines of its log.
    """
    for option, port in (("--master-port", master_port), ("--thrift-port", thrift_port)):
        _must_be_free(option, port)
    if master_port and master_port == thrift_port:
        raise InputError(f"--master-port and --thrift-port are both {thrift_port}: give two.")
    use_java()
    with contextlib.ExitStack() as stack:
        temporary = folder is None
        root = Path(tempfile.mkdtemp(prefix="local-cluster-")) if folder is None else folder.resolve()
        if temporary:
            stack.callback(remove_folder, root)
        else:
            stack.enter_context(_sole_use(root))
        for scratch in ("conf", "logs", "workers", "tmp"):
            shutil.rmtree(root / scratch, ignore_errors=True)
            (root / scratch).mkdir(parents=True)
        stack.callback(remove_folder, root / "tmp")
        parts = stack.enter_context(_Parts(root, remove=root if temporary else root / "tmp", timeout=timeout))
        master_port, thrift_port, ui_port = _free_ports(master_port, thrift_port, 0)
        master_url, master_ui = f"spark://{HOST}:{master_port}", f"http://{HOST}:{ui_port}"
        _write_configuration(
            root,
            parallel=workers * cores,
            master_url=master_url,
            memory=memory,
            cores=cores,
            server_memory=server_memory,
        )

        master = parts.start(
            "master",
            *("spark-class", "org.apache.spark.deploy.master.Master"),
            *("--host", HOST, "--port", str(master_port), "--webui-port", str(ui_port)),
        )
        parts.wait(master, lambda: _workers_alive(master_ui) == 0)
        working = tuple(
            parts.start(
                f"worker-{number}",
                *("spark-class", "org.apache.spark.deploy.worker.Worker"),
                *("--host", HOST, "--port", "0", "--webui-port", "0"),
                *("--cores", str(cores), "--memory", memory, "--work-dir", str(root / "workers"), master_url),
            )
            for number in range(1, workers + 1)
        )
        server = parts.start(
            "thrift-server",
            *("spark-submit", "--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"),
            *("--name", "Thrift server", "spark-internal"),
            *("--hiveconf", f"hive.server2.thrift.bind.host={HOST}"),
            *("--hiveconf", f"hive.server2.thrift.port={thrift_port}"),
        )
        for part in working:
            parts.wait(part, lambda: _workers_alive(master_ui) == workers)
        parts.wait(server, lambda: _thrift_answers(thrift_port))
        yield LocalCluster(thrift_port, master_url, master_ui, root, server, master, working, parts)


@dataclass(frozen=True)
class _Part:
    """One process of the cluster, leader of a process group."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_lines(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_LINES:]) or "(its log is empty)"


class _Parts:
    """Starts processes and ends them all at the end of the block; if this process is killed, the watchdog ends them."""

    def __init__(self, root: Path, remove: Path, timeout: float) -> None:
        self._root = root
        self._timeout = timeout
        self._started: list[_Part] = []
        self._watchdog = subprocess.Popen(
            [sys.executable, "-m", "tools.watchdog", str(remove)],
            stdin=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd="/",
        )
        self._environment = _environment(root)

    def __enter__(self) -> "_Parts":
        return self

    def start(self, name: str, program: str, *arguments: str) -> _Part:
        log = self._root / "logs" / f"{name}.log"
        with log.open("wb") as written:
            process = subprocess.Popen(
                [str(Path(self._environment["SPARK_HOME"]) / "bin" / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=self._environment,
                # files that Java leaves in its working directory, such as core dumps, are then removed with the folder
                cwd=self._root / "tmp",
            )
        part = _Part(name, process, log)
        self._started.append(part)
        _send(self._watchdog, f"group {process.pid}")
        return part

    def wait(self, part: _Part, answers: Callable[[], bool]) -> None:
        give_up = time.monotonic() + self._timeout
        while not answers():
            if (code := part.process.poll()) is not None:
                raise ClusterError(f"The {part.name} ended with code {code}. Its log ends with:\n{part.last_lines()}")
            if time.monotonic() > give_up:
                raise ClusterError(
                    f"The {part.name} did not answer within {self._timeout:g} seconds."
                    f" Its log ends with:\n{part.last_lines()}"
                )
            time.sleep(0.2)

    def __exit__(self, *_: object) -> None:
        # Stop the server first, so that it can release its executors and close the metastore.
        for part in reversed(self._started):
            _signal_group(part, signal.SIGTERM)
            if part.name == "thrift-server":
                _wait_for(part, seconds=15)
        for part in self._started:
            _wait_for(part, seconds=5)
            # kill processes that ignored SIGTERM, and the rest of the group, such as executors
            _signal_group(part, signal.SIGKILL)
            part.process.wait()
        kill_groups([part.process.pid for part in self._started])
        _send(self._watchdog, "done")
        self._watchdog.communicate()

    def end_with_this_process(self, process: subprocess.Popen[bytes]) -> None:
        """Let the watchdog also end a process outside the cluster if this process is killed."""
        _send(self._watchdog, f"process {process.pid}")


def _send(watchdog: subprocess.Popen[bytes], line: str) -> None:
    assert watchdog.stdin
    # ignore a dead watchdog: it is needed only if this process is killed too
    with contextlib.suppress(BrokenPipeError):
        watchdog.stdin.write(f"{line}\n".encode())
        watchdog.stdin.flush()


def _signal_group(part: _Part, sent: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(part.process.pid, sent)


def _wait_for(part: _Part, seconds: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        part.process.wait(seconds)


def _environment(root: Path) -> dict[str, str]:
    """Return the environment of the processes: without settings of another Spark, and with loopback addresses only."""
    import pyspark

    own = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_", "HADOOP_"))}
    return {
        # builds send the hash key over their connections, so no process needs it in its environment
        **{name: value for name, value in own.items() if not name.startswith(("DBT_", "JOURNEY_HASH_KEY"))},
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "SPARK_CONF_DIR": str(root / "conf"),
        # master and workers bind their web pages to this address, and processes announce it to each other
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_HOSTNAME": HOST,
        "SPARK_LOCAL_DIRS": str(root / "tmp"),
        "SPARK_DAEMON_MEMORY": "512m",
        "SPARK_DAEMON_JAVA_OPTS": f"{_LITTLE_WORK} -Djava.io.tmpdir='{root / 'tmp'}'",
        "SPARK_LAUNCHER_OPTS": _LITTLE_WORK,
    }


def _write_configuration(
    root: Path, *, parallel: int, master_url: str, memory: str, cores: int, server_memory: str
) -> None:
    """Write the settings that every process reads; Java options with paths are quoted, since paths may hold spaces."""
    metastore = root / "metastore"
    java = f'{_NO_TRACES} "-Djava.io.tmpdir={root / "tmp"}"'
    settings = {
        "spark.master": master_url,
        "spark.driver.bindAddress": HOST,
        "spark.driver.host": HOST,
        "spark.driver.memory": server_memory,
        "spark.driver.extraJavaOptions": f'{java} "-Dderby.system.home={metastore}"',
        "spark.executor.memory": memory,
        "spark.executor.cores": cores,
        "spark.executor.extraJavaOptions": java,
        # fail if a port is taken, instead of listening on the next one
        "spark.port.maxRetries": 0,
        "spark.ui.enabled": "false",
        "spark.ui.killEnabled": "false",
        "spark.master.rest.enabled": "false",
        # Fair scheduling, so that a small statement of one thread does not wait for a large one of another.
        "spark.scheduler.mode": "FAIR",
        # Data that fits one machine gets slower with more partitions: two per task that runs at once are enough.
        "spark.sql.shuffle.partitions": 2 * parallel,
        "spark.sql.sources.default": "parquet",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": root / "warehouse",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={metastore / 'db'};create=true",
        "spark.hadoop.hive.hmshandler.retry.interval": "10ms",
        "spark.hadoop.hive.exec.scratchdir": root / "tmp" / "hive",
        # Commit tasks' files only at the end of the job: a task repeated after a lost worker then leaves no duplicates.
        "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": 1,
    }
    metastore.mkdir(exist_ok=True)
    # a backslash is the escape character of a properties file
    lines = [f"{name} {value}".replace("\\", "\\\\") for name, value in settings.items()]
    (root / "conf" / "spark-defaults.conf").write_text("\n".join([*lines, ""]), encoding="utf-8")
    (root / "conf" / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")


@contextlib.contextmanager
def _sole_use(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(f"--folder {folder}: another cluster works in it.") from error
    try:
        yield
    finally:
        lock.release()


def _must_be_free(option: str, port: int) -> None:
    with contextlib.closing(socket.socket()) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HOST, port))
        except OSError as error:
            raise InputError(
                f"{option} {port}: cannot listen there ({error.strerror}). 0 takes any free port."
            ) from error


def _free_ports(*wanted: int) -> list[int]:
    """Replace each 0 by a free port; all sockets are open at the same time, so that no port is returned twice."""
    with contextlib.ExitStack() as stack:
        ports = []
        for port in wanted:
            if port == 0:
                asked = stack.enter_context(contextlib.closing(socket.socket()))
                asked.bind((HOST, 0))
                port = asked.getsockname()[1]
            ports.append(port)
        return ports


def _workers_alive(master_ui: str) -> int:
    """Return the number of workers that the master reports as alive, -1 while it does not answer."""
    # ignore a proxy of the environment, which does not serve loopback
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{master_ui}/json/", timeout=5) as answer:
            return int(json.load(answer)["aliveworkers"])
    except (OSError, ValueError):
        return -1


def _thrift_answers(port: int) -> bool:
    # PyHive logs every refused connection, so connect with it only once the port is open
    with contextlib.closing(socket.socket()) as tried:
        if tried.connect_ex((HOST, port)):
            return False
    from pyhive import hive
    from thrift.transport.TTransport import TTransportException

    try:
        with hive.connect(HOST, port, auth="NONE") as connection, connection.cursor() as cursor:
            cursor.execute("select 1")
            return bool(cursor.fetchall())
    except (OSError, EOFError, TTransportException):
        return False


def run_in_cluster(cluster: LocalCluster, command: Sequence[str]) -> int:
    """Run a command with the cluster in its environment and return its exit code as a shell would."""
    environment = {**os.environ, **cluster.environment}
    # remove a password meant for another server: this one would refuse it
    environment.pop("DBT_ENV_SECRET_JOURNEY_SPARK_PASSWORD", None)
    try:
        process = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise InputError(f"{command[0]}: cannot be run ({error.strerror}).") from error
    cluster.parts.end_with_this_process(process)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        # the command got Ctrl-C too: give it time to print a message
        code = _end(process, grace=20)
    except SystemExit:
        process.terminate()
        code = _end(process, grace=20)
    return 128 - code if code < 0 else code


def _end(process: subprocess.Popen[bytes], grace: float) -> int:
    try:
        return process.wait(grace)
    except (subprocess.TimeoutExpired, KeyboardInterrupt, SystemExit):
        process.kill()
        return process.wait()


def _memory(_: click.Context, __: click.Parameter, value: str) -> str:
    """Check an amount of memory in Java's notation."""
    found = re.fullmatch(r"([0-9]{1,9})([mMgG])", value)
    if not found:
        raise click.BadParameter(f"{value!r} is no amount of memory: write 1g or 1500m.")
    if int(found[1]) * (1024 if found[2] in "gG" else 1) < LEAST_MEMORY_MB:
        raise click.BadParameter(f"{value} is too little for Spark: {LEAST_MEMORY_MB}m or more.")
    return value.lower()


_PORT = click.IntRange(0, 65535)


# Options after COMMAND belong to COMMAND, with or without `--` before it.
@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where logs, tables and the metastore go, and stay. Default: a folder that is removed at the end.",
)
@click.option("--master-port", type=_PORT, default=0, show_default="any free port", help="Port of the master.")
@click.option("--thrift-port", type=_PORT, default=0, show_default="any free port", help="Port of the Thrift server.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Number of workers.")
@click.option(
    "--cores", type=click.IntRange(1, 1024), default=1, show_default=True, help="Tasks that a worker runs at once."
)
@click.option("--memory", callback=_memory, default="1g", show_default=True, help="Memory of each worker.")
@click.option("--server-memory", callback=_memory, default="2g", show_default=True, help="Memory of the Thrift server.")
@click.option(
    "--timeout",
    type=click.FloatRange(1),
    default=120,
    show_default=True,
    help="Seconds until a part that does not answer is given up.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def app(
    folder: Path | None,
    master_port: int,
    thrift_port: int,
    workers: int,
    cores: int,
    memory: str,
    server_memory: str,
    timeout: float,
    command: tuple[str, ...],
) -> int:
    """Start a Spark cluster on loopback, run COMMAND with it, and stop it; without COMMAND it is up until Ctrl-C.

    COMMAND finds the cluster in JOURNEY_SPARK_HOST, _PORT and _AUTH, and its exit code is returned.
    """
    # keep standard output for COMMAND
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(f"Starting a master, {workers} worker{'s'[: workers > 1]} and the Thrift server …")
    with local_cluster(
        folder,
        master_port=master_port,
        thrift_port=thrift_port,
        workers=workers,
        cores=cores,
        memory=memory,
        server_memory=server_memory,
        timeout=timeout,
    ) as cluster:
        console.print(
            f"Master {cluster.master_url}, its page {cluster.master_ui}, Thrift server {HOST}:{cluster.thrift_port},"
            f" folder {cluster.folder}",
            markup=False,
        )
        if command:
            return run_in_cluster(cluster, command)
        console.print("Until Ctrl-C, this points a build at it:", markup=False)
        for name, value in cluster.environment.items():
            console.print(f"  export {name}={value}", markup=False)
        try:
            while (ended := cluster.ended()) is None:
                time.sleep(0.5)
        except KeyboardInterrupt:
            return 0
    raise ClusterError(f"The {ended.name} ended on its own. Its log ended with:\n{ended.last_lines()}")


def _leave(received: int, _: FrameType | None) -> None:
    raise SystemExit(128 + received)


def main() -> None:
    """Run the command line; print an expected failure on standard error without a traceback."""
    # On SIGTERM, or when the terminal closes, stop the cluster before exiting.
    for received in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(received, _leave)
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        sys.exit(app(standalone_mode=False))
    except BuildError as error:
        errors.print(f"error: {error}", markup=False)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        errors.print(f"error: {error.format_message()} Try --help.", markup=False)
        sys.exit(ExitCode.UNUSABLE_INPUT)
    except (click.Abort, KeyboardInterrupt):
        errors.print("error: stopped by hand.")
        sys.exit(130)


if __name__ == "__main__":
    main()
