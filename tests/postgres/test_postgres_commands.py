"""scripts/build --publish and journey publish: exit codes, one line per refusal, and no password in any output."""

import json
from pathlib import Path

import duckdb
import pytest
from customer_journey import cli
from customer_journey.errors import ExitCode, InputError, MachineError
from customer_journey.paths import Output
from customer_journey.publishing import postgres
from customer_journey.publishing.postgres_server import URL_VARIABLE, ServerError, server_of

from tests.build.conftest import write_tiny_company
from tests.postgres.published_files import numbered_build, output_with
from tests.support.builds import run_build
from tests.support.postgres import ENCODED_PASSWORD, PASSWORD, PostgresServer

SECRET = "S3cret"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run a command in this process and return its exit code."""
    monkeypatch.setattr("sys.argv", ["journey", *arguments])
    return cli._run()


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://owner:{SECRET}@host@inside/db",
        f"postgresql://owner:{SECRET}/inside@host/db",
        f"postgresql://owner:{SECRET}%zz@host/db",
        f"postgresql://owner:{SECRET}",
        f"postgresql://host/db?password={SECRET}&{SECRET}",
        f"mysql://owner:{SECRET}@host/db",
        f"host=localhost password={SECRET}",
        "",
    ],
)
def test_what_is_no_url_is_not_repeated(url: str) -> None:
    with pytest.raises(InputError, match="is not a URL of the form postgresql://user@host:5432/database") as told:
        server_of(url, "--to")
    assert SECRET not in str(told.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"postgresql://owner:{SECRET}@db.example.com:5433/journey?sslmode=require", "db.example.com:5433/journey"),
        (f"postgres://owner:a{SECRET}%40b?c@[::1]:5432/journey", "[::1]:5432/journey"),
        (f"postgresql:///journey?host=%2Frun%2Fpostgresql&password={SECRET}", "/run/postgresql/journey"),
        ("postgresql://one:5432,two:5433/journey", "one:5432,two:5433/journey"),
    ],
)
def test_a_server_is_named_without_its_password(url: str, place: str) -> None:
    server = server_of(url, "--to")
    assert server.place == place
    assert SECRET not in repr(server)
    assert server.url.startswith(url) and "connect_timeout=10" in server.url


@pytest.mark.parametrize(
    ("part", "by", "code", "said"),
    [
        (
            "{password}",
            "wrong%2B" + SECRET,
            ExitCode.UNUSABLE_INPUT,
            'password authentication failed for user "publisher"',
        ),
        ("/postgres", "/nowhere", ExitCode.UNUSABLE_INPUT, 'database "nowhere" does not exist'),
        ("publisher:", "nobody_knows:", ExitCode.UNUSABLE_INPUT, "password authentication failed"),
        ("/postgres", "/closed", ExitCode.UNUSABLE_INPUT, "permission denied for database closed"),
        ("{folder}", "{folder}/none", ExitCode.CHECK_FAILED, "Once the server answers"),
        ("?host", "?nonsense=1&host", ExitCode.UNUSABLE_INPUT, "the URL is not understood"),
    ],
)
def test_each_refusal_of_the_server_is_one_line(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    part: str, by: str, code: ExitCode, said: str,
) -> None:  # fmt: skip
    if "closed" in by:
        server.new_database("closed")
        with server.connect("postgres") as connection:
            connection.execute("revoke create on database closed from publisher")
    numbered_build(tmp_path, 1)
    good = server.url("postgres", password="{password}").replace(str(server.folder), "{folder}")
    url = good.replace(part, by).format(password=ENCODED_PASSWORD, folder=server.folder)
    assert run(monkeypatch, "publish", "--out", str(tmp_path), "--to", url) == code
    told = capsys.readouterr()
    assert said in told.err and told.err.startswith("error: PostgreSQL (") and told.err.count("\n") == 1
    for secret in (SECRET, PASSWORD, ENCODED_PASSWORD):
        assert secret not in told.out + told.err


def test_nothing_published_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "publish", "--out", str(tmp_path), "--to", "postgresql://h/d") == ExitCode.UNUSABLE_INPUT
    assert "no published marts here" in capsys.readouterr().err


def test_a_server_without_room_is_told_as_such() -> None:
    told = ServerError("could not extend file: No space left on device", "53100").as_build_error("host/db")
    assert isinstance(told, MachineError)
    assert str(told) == (
        "PostgreSQL (host/db): no room left to write (a full disk, a quota or a limit of file size). Make room on the"
        " server."
    )


def test_the_url_and_the_password_may_come_from_the_environment(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = server.new_database("from_environment")
    numbered_build(tmp_path, 3)
    monkeypatch.setenv(URL_VARIABLE, server.url(database).replace(f":{ENCODED_PASSWORD}", ""))
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert run(monkeypatch, "publish", "--out", str(tmp_path)) == 0
    assert (
        capsys.readouterr().out.splitlines()[-1]
        == f"postgresql     build build 003: 4 marts in {server.folder}/{database}"
    )


def test_marts_of_spark_are_read_from_their_files(server: PostgresServer, tmp_path: Path) -> None:
    """Marts of Spark have no comments in their files, so the project's descriptions are used."""
    marts = {"build_info": "select 'b' as build_id", "dim_products": "select 'p' as product_id, 'x' as product_name"}
    for mart, query in marts.items():
        (tmp_path / mart).mkdir()
        duckdb.execute(f"copy ({query}) to '{tmp_path / mart / 'part.parquet'}'")
    output = Output(tmp_path)
    folders = {mart: str(tmp_path / mart) for mart in marts}
    output.published_on_spark.write_text(json.dumps({"build_id": "b", "marts": folders}), encoding="utf-8")
    database = server.new_database("from_spark")
    told = postgres.publish(output, server_of(server.url(database), "--to"), postgres.READER, lambda *_: None)
    assert (told.build_id, told.marts) == ("b", 2)
    with server.connect(database) as connection:
        comment = connection.execute("select col_description('marts.dim_products'::regclass, 1)").fetchone()
        assert comment is not None and comment[0].startswith("Product")


def test_a_build_publishes_to_both_and_leaves_the_password_nowhere(
    server: PostgresServer, small: Path, tmp_path: Path
) -> None:
    database = server.new_database("by_a_build")
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_tiny_company(raw)

    def build(url: str, code: int) -> tuple[str, str]:
        done = run_build(raw, out, "--publish", url, project=small)
        assert done.returncode == code, done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        return done.stdout, done.stderr

    def build_there() -> str | None:
        with server.connect(database) as connection:
            row = connection.execute("select build_id from marts.build_info").fetchone()
            return str(row[0]) if row else None

    first, _ = build(server.url(database), 0)
    build_id = json.loads((out / "built_from.json").read_text(encoding="utf-8"))["build_id"]
    assert f"postgresql     build {build_id}: " in first
    assert build_there() == build_id
    written = b"".join(file.read_bytes() for file in out.rglob("*") if file.is_file())
    for secret in (PASSWORD, ENCODED_PASSWORD):
        assert secret.encode() not in written

    # nothing is new, but the marts are gone from PostgreSQL
    with server.connect(database) as connection:
        connection.execute("drop schema marts cascade")
    again, _ = build(server.url(database), 0)
    assert "nothing is new since build" in again and build_there() == build_id

    _, told = build(server.url("nowhere"), ExitCode.UNUSABLE_INPUT)
    assert told.startswith(
        f"error: {out}/journey.duckdb is published, but the copy to PostgreSQL failed; it keeps the build it had."
        " PostgreSQL ("
    )


def test_an_unreadable_file_is_one_line(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = output_with(tmp_path, "create table marts.dim_persons as select 'p1' as person_id")
    output.published.write_bytes(b"not a database" * 1000)
    code = run(monkeypatch, "publish", "--out", str(tmp_path), "--to", server.url("postgres"))
    told = capsys.readouterr().err
    assert code != 0 and told.count("\n") == 1 and PASSWORD not in told
