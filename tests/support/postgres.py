"""A PostgreSQL server for tests: Debian's programs, a new data folder, a unix socket and passwords."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

# the password of the roles below, which tests search for in all output, and its form in a URL
PASSWORD = "geheim%sesam+42"
ENCODED_PASSWORD = "geheim%25sesam%2B42"


@dataclass(frozen=True)
class PostgresServer:
    """A running server, on a unix socket in `folder`."""

    folder: Path

    def url(self, database: str, user: str = "publisher", password: str = ENCODED_PASSWORD) -> str:
        """Return the URL with which a role connects."""
        return f"postgresql://{user}:{password}@/{database}?host={self.folder}"

    def connect(self, database: str, user: str = "postgres", *, autocommit: bool = True) -> psycopg.Connection:
        """Open a session of a client other than the publishing one."""
        return psycopg.connect(
            host=str(self.folder), dbname=database, user=user, password=PASSWORD, autocommit=autocommit
        )

    def new_database(self, database: str, *, encoding: str = "UTF8") -> str:
        """Create an empty database in which `publisher` may create schemas, and return its name."""
        with self.connect("postgres") as connection:
            connection.execute(f"drop database if exists {database} with (force)")
            connection.execute(f"create database {database} encoding '{encoding}' template template0 locale 'C'")
            connection.execute(f"grant create on database {database} to publisher")
        return database


@contextmanager
def started_server() -> Iterator[PostgresServer]:
    """Start a server with the roles `publisher` (may create roles) and `bi` (may log in); stop it at the end.

    The test is skipped if PostgreSQL is not installed or its programs cannot be run.
    """
    programs = _programs()
    # pytest's folders are not accessible to the user that the server runs as
    folder = Path(tempfile.mkdtemp(prefix="journey_pg_", dir="/tmp"))
    data, log = folder / "data", folder / "log"
    password_file = folder / "password"
    password_file.write_text(PASSWORD, encoding="utf-8")
    as_user = _as_another_user(folder, password_file)

    def run(program: str, *arguments: str) -> None:
        subprocess.run([*as_user, str(programs / program), *arguments], check=True, stdout=subprocess.DEVNULL)

    try:
        authentication = ("-A", "scram-sha-256", f"--pwfile={password_file}")
        run("initdb", "-D", str(data), "-N", "-U", "postgres", "-E", "UTF8", "--locale=C", *authentication)
        settings = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=40"
        run("pg_ctl", "start", "-w", "-D", str(data), "-l", str(log), "-o", settings)
        try:
            server = PostgresServer(folder)
            with server.connect("postgres") as connection:
                connection.execute(f"create role publisher login createrole password '{PASSWORD}'")
                connection.execute(f"create role bi login password '{PASSWORD}'")
            yield server
        finally:
            run("pg_ctl", "stop", "-D", str(data), "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """Return the folder of initdb and pg_ctl, which Debian does not put on PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))[::-1]
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    pytest.skip("PostgreSQL is not installed: apt-get install postgresql")


def _as_another_user(folder: Path, password_file: Path) -> list[str]:
    """Return the command prefix that runs the server as `nobody` if we are root, since it refuses root."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no setpriv: apt-get install util-linux")
    for path in (folder, password_file):
        shutil.chown(path, "nobody", "nogroup")
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
