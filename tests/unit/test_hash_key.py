"""Hash keys of an output folder: which one is used or refused, and the state after a rotation, even a killed one."""

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from customer_journey.errors import InputError
from customer_journey.paths import Output, keep_private, make_private, published_mode
from customer_journey.privacy import erasure, hash_key
from customer_journey.privacy.hash_key import DEMO_KEY, ENVIRONMENT_VARIABLE, Ring
from customer_journey.privacy.keys import NEW_KEY_VARIABLE, rotate
from customer_journey.warehouse import open_warehouse

OLD, NEW = "the-old-key", "the-new-key"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each test without a key in the environment."""
    monkeypatch.delenv(ENVIRONMENT_VARIABLE)
    monkeypatch.setattr(hash_key, "_in_force", [])


@pytest.fixture
def output(tmp_path: Path) -> Output:
    """The folder of a build with the old key, which was given; the warehouse has no models."""
    made = Output(tmp_path / "out")
    make_private(made.root)
    with open_warehouse(made.warehouse) as connection:
        erasure.prepare(connection)
        hash_key.adopt(connection, OLD)
        hash_key.was_published(connection)
    return made


def _find(output: Output) -> str | None:
    with open_warehouse(output.warehouse) as connection:
        hash_key.finish_rotation(output.root, connection)
        return hash_key.find(output.root, connection)


def _ring(output: Output, key: str) -> Ring:
    with open_warehouse(output.warehouse) as connection:
        return hash_key.ring_of(connection, key)


def test_fingerprint_is_the_keyed_hash_of_a_constant() -> None:
    """The fingerprint equals that of the macro keyed_hash on Spark, and does not contain the key."""
    assert hash_key.fingerprint(OLD) == hashlib.sha256(b"the-old-key|hash_key_fingerprint").hexdigest()[:32]


def test_another_or_no_key_is_refused(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another key, or none, is refused: all person_ids would change and erased persons would return."""
    for key, words in ((NEW, "set the old key"), (None, "JOURNEY_HASH_KEY is not set"), (DEMO_KEY, "another key")):
        if key is not None:
            monkeypatch.setenv(ENVIRONMENT_VARIABLE, key)
        else:
            monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
        with pytest.raises(InputError) as refused:
            _find(output)
        said = str(refused.value)
        assert (
            str(output.root) in said and words in said and "erased persons would come back" in said and "\n" not in said
        )
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, OLD)
    assert _find(output) == OLD


def test_environment_goes_before_the_file_which_goes_before_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment has priority over the key file, and the key file over the demo's key."""
    assert hash_key.find(tmp_path, None) is None
    hash_key.keep(tmp_path, OLD)
    assert hash_key.find(tmp_path, None) == OLD
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, NEW)
    assert hash_key.find(tmp_path, None) == NEW


@pytest.mark.parametrize("key", ["it's", "back\\slash", "a ${variable}", "khóa", "two\nlines", "\udcff"])
def test_a_key_that_an_engine_would_read_otherwise_is_refused(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that Spark would read differently from DuckDB, or run, is refused."""
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, key)
    with pytest.raises(InputError, match="JOURNEY_HASH_KEY: holds a character"):
        hash_key.given_key()


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines\n", b"\xff\xfe"])
def test_a_damaged_file_of_a_key_is_said_in_one_line(content: bytes, tmp_path: Path) -> None:
    """A damaged key file is reported in one line, and not replaced by a new key."""
    (tmp_path / hash_key.FILE_NAME).write_bytes(content)
    with pytest.raises(InputError, match=r"hash_key: .*backup"):
        hash_key.find(tmp_path, None)


def test_kept_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The key file is readable by its owner alone, since the key tells whose each hash is."""
    before = os.umask(0)
    try:
        file = hash_key.keep(tmp_path, hash_key.make_key())
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().strip()) == 64
    assert [found.name for found in tmp_path.iterdir()] == ["hash_key"]


# folders of releases without fingerprints


def _built_before(output: Output, key: str) -> None:
    identifier = "email:mai@example.com"
    hashed = hashlib.sha256(f"{key}|{identifier}".encode()).hexdigest()
    with open_warehouse(output.warehouse) as connection:
        for table in ("hash_key", "sealed_keys"):
            connection.execute(f"drop table private.{table}")
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.int_person_identifiers as select ? as identifier, ? as identifier_hash",
            [identifier, hashed],
        )


def test_hashes_of_an_earlier_release_say_which_key_made_them(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a folder of an earlier release, the hashes in it show which key was used."""
    _built_before(output, OLD)
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, OLD)
    assert _find(output) == OLD
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, NEW)
    with pytest.raises(InputError, match="another key"):
        _find(output)
    monkeypatch.delenv(ENVIRONMENT_VARIABLE)
    with pytest.raises(InputError, match="JOURNEY_HASH_KEY is not set"):
        _find(output)


def test_earlier_release_without_a_key_was_the_demo_s(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of an earlier release built without a key has the demo's key; another one is refused."""
    _built_before(output, DEMO_KEY)
    assert _find(output) is None
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, NEW)
    with pytest.raises(InputError, match="the demo's key"):
        _find(output)


def test_note_of_an_earlier_release_says_which_key_it_was(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """The build record of an earlier release shows the key, since on Spark persons are not in the warehouse."""
    with open_warehouse(output.warehouse) as connection:
        connection.execute("drop table private.hash_key")
    note = {"build_id": "b", "hash_key": hash_key.keyed_digest("b", OLD)}
    output.built_from.write_text(json.dumps(note), encoding="utf-8")
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, NEW)
    with pytest.raises(InputError, match="another key"):
        _find(output)


def test_suppression_list_of_an_earlier_release_goes_on(tmp_path: Path) -> None:
    """The suppression list of an earlier release keeps its key, so that its entries still match."""
    with duckdb.connect(":memory:") as connection:
        erasure.prepare(connection)
        connection.execute("insert into private.suppression_list (identifier_hash) values ('somebody')")
        hash_key.adopt(connection, OLD)
        assert hash_key.ring_of(connection, OLD).suppression == OLD
    with duckdb.connect(":memory:") as connection:
        erasure.prepare(connection)
        hash_key.adopt(connection, OLD)
        assert hash_key.ring_of(connection, OLD).suppression not in (OLD, NEW)


# Rotation


def test_rotation_keeps_the_key_of_the_suppression_list(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotation keeps the key of the suppression list, so that erased persons are still recognised."""
    before = _ring(output, OLD)
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, OLD)
    monkeypatch.setenv(NEW_KEY_VARIABLE, NEW)
    assert rotate(output).file is None
    assert _ring(output, NEW) == Ring(NEW, (OLD,), before.suppression)
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, NEW)
    assert _find(output) == NEW
    # neither a key nor anything encrypted with the old key is left in the file
    content = output.warehouse.read_bytes()
    assert not [key for key in (OLD, NEW, before.suppression) if key.encode() in content]


def test_new_key_is_made_where_none_is_given(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotation without a given key makes a random one."""
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, OLD)
    file = rotate(output).file
    assert file == output.root / "hash_key" and stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(InputError, match=f"unset JOURNEY_HASH_KEY: the key is in {file}"):
        _find(output)
    monkeypatch.delenv(ENVIRONMENT_VARIABLE)
    assert _find(output) == file.read_text().strip()


@pytest.mark.parametrize(
    ("given", "words"),
    [(OLD, "is already the key of"), (DEMO_KEY, "the key of the demo"), ("it's", "holds a character")],
)
def test_new_key_must_be_a_new_key(given: str, words: str, output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same key, or the demo's, is refused as the new key."""
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, OLD)
    monkeypatch.setenv(NEW_KEY_VARIABLE, given)
    with pytest.raises(InputError, match=words):
        rotate(output)
    assert _find(output) == OLD


def test_second_rotation_waits_for_a_build(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second rotation is refused before a build, which must first map the person_ids to the new key."""
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, OLD)
    rotate(output)
    monkeypatch.delenv(ENVIRONMENT_VARIABLE)
    with pytest.raises(InputError, match="Build first"):
        rotate(output)
    with open_warehouse(output.warehouse) as connection:
        hash_key.was_published(connection)
    rotate(output)
    assert len(_ring(output, str(_find(output))).former) == 2


def _before_the_rename(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customer_journey.privacy.erasure.os.replace", _killed)


def _while_the_copy_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_key, "_seal", _killed)


def _after_the_rename(monkeypatch: pytest.MonkeyPatch) -> None:
    finish, calls = hash_key.finish_rotation, list[int]()

    def second_time(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
        calls.append(1)
        if len(calls) > 1:
            _killed()
        finish(folder, connection)

    monkeypatch.setattr(hash_key, "finish_rotation", second_time)


class _Killed(BaseException):
    pass


def _killed(*_: object) -> None:
    raise _Killed


@pytest.mark.parametrize(
    ("kill", "has_changed"),
    [(_before_the_rename, False), (_while_the_copy_changes, False), (_after_the_rename, True)],
)
def test_killed_rotation_leaves_the_old_state_or_the_new(
    kill: Callable[[pytest.MonkeyPatch], None], has_changed: bool, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed rotation leaves either the old or the new state complete."""
    kept = hash_key.keep(output.root, OLD)
    before = _ring(output, OLD)
    with monkeypatch.context() as patched:
        if kill is _before_the_rename:
            hash_key.keep(output.root, NEW, hash_key.NEXT_FILE_NAME)
            patched.setattr(hash_key, "keep", lambda *_: None)
            patched.setattr(hash_key, "make_key", lambda: NEW)
        kill(patched)
        with pytest.raises(_Killed):
            rotate(output)
    found = _find(output)
    assert found is not None and (found != OLD) == has_changed
    assert kept.read_text().strip() == found
    assert not (output.root / hash_key.NEXT_FILE_NAME).exists()
    assert _ring(output, found).suppression == before.suppression
    if not has_changed:
        rotate(output)


# The demo


def test_rows_decide_whether_it_is_the_demo(tmp_path: Path) -> None:
    """The rows decide whether a folder is the demo; real persons must never get the public key."""
    raw = tmp_path / "raw"
    (raw / "crm").mkdir(parents=True)
    own, other = raw / "crm" / "contacts.csv", raw / "crm" / "companies.csv"
    own.write_text("contact_id\n1\n", encoding="utf-8")
    other.write_text("company_id\n1\n", encoding="utf-8")
    hash_key.mark_demo(raw, [own, other])
    of_demo = [
        (path.relative_to(raw).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()) for path in (own, other)
    ]
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema private")
        connection.execute("create table private.landed_files (path varchar, sha256 varchar)")
        assert not hash_key.is_demo(connection, raw), "nothing has landed"
        connection.executemany("insert into private.landed_files values (?, ?)", of_demo)
        assert hash_key.is_demo(connection, raw)
        assert not hash_key.is_demo(connection, None)
        assert not hash_key.is_demo(connection, tmp_path)
        connection.execute("insert into private.landed_files values ('crm/contacts/own.csv', 'digest')")
        assert not hash_key.is_demo(connection, raw)
        connection.execute("delete from private.landed_files where sha256 = 'digest'")
        connection.execute("update private.landed_files set sha256 = 'a row more' where path = 'crm/contacts.csv'")
        assert not hash_key.is_demo(connection, raw)


# Who may read what


def _modes(output: Output) -> dict[str, str]:
    inside = {str(file.relative_to(output.root)): file for file in output.root.rglob("*")}
    return {
        name: f"{stat.S_IMODE(file.stat().st_mode):o}"
        for name, file in {output.root.name: output.root, **inside}.items()
    }


@pytest.mark.parametrize(
    ("setting", "published", "folder"), [(None, "600", "700"), ("640", "640", "710"), ("0644", "644", "711")]
)
def test_files_of_a_build_are_their_owner_s(
    setting: str | None, published: str, folder: str, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The private files of a build are readable by their owner alone."""
    if setting is not None:
        monkeypatch.setenv("JOURNEY_PUBLISHED_MODE", setting)
    output.published.touch()
    output.logs.mkdir()
    output.report.parent.mkdir()
    output.report.touch()
    (output.root / "vars.yml").touch()
    for file in output.root.rglob("*"):
        file.chmod(0o777 if file.is_dir() else 0o666)
    keep_private(output)
    assert _modes(output) == {
        "out": folder,
        "journey.duckdb": published,
        "logs": "700",
        # readers of the marts may read the page as well
        "report": folder,
        "report/index.html": published,
        "warehouse.duckdb": "600",
        # not the build's
        "vars.yml": "666",
    }


@pytest.mark.parametrize("setting", ["666", "7", "rw-r-----", "0o640", "755"])
def test_published_mode_lets_nobody_write(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting for the published file's permissions never lets others write."""
    monkeypatch.setenv("JOURNEY_PUBLISHED_MODE", setting)
    with pytest.raises(InputError, match="JOURNEY_PUBLISHED_MODE"):
        published_mode()
