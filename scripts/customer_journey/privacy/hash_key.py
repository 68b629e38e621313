"""The key that identifiers of persons are hashed with: where it comes from, and why an output folder has only one.

The key comes from the environment. Without one, the demo company is built with a public key, and a build of own rows
makes a random key once and keeps it in a file beside the private warehouse. The warehouse stores a fingerprint of the
key, never the key itself. It refuses another key, because with that every person_id would silently change, and erased
persons would come back: the suppression list would no longer recognise them.

So that a rotation of the key (`keys`) keeps the suppression list valid, the list is hashed with a key of its own that
never changes. That key lies in the warehouse, encrypted with the hash key, and so do all former hash keys: with these
the next build maps old person_ids to new ones, and an erasure finds the person_ids of earlier builds.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
from cryptography.fernet import Fernet, InvalidToken

from customer_journey.errors import InputError

ENVIRONMENT_VARIABLE = "JOURNEY_HASH_KEY"
# The key of the demo is public: it is in every copy of this project.
DEMO_KEY = "demo-key-protects-nobody"
# Beside the raw tables of the demo company: the paths and content digests of the files that `journey demo` wrote.
DEMO_MARK = "demo.json"
FILE_NAME = "hash_key"
# A rotation writes the new key here first; it is valid once the warehouse holds its fingerprint.
NEXT_FILE_NAME = "hash_key.next"
# The text that is hashed for the fingerprint; the macro ensure_hash_key has the same.
_FINGERPRINT_OF = "hash_key_fingerprint"
# The value for the former key of a session if there was none.
NO_KEY = "none"

ERASED = "With another key, erased persons would come back, and every person_id would change."

_in_force: list[str] = []


@dataclass(frozen=True)
class Ring:
    """The keys of an output folder: the hash key, the former hash keys, oldest first, and the suppression list's."""

    key: str
    former: tuple[str, ...]
    suppression: str

    @property
    def last(self) -> str:
        """The key that was in force before this one."""
        return self.former[-1] if self.former else NO_KEY


def hash_key() -> str:
    """Return the active key of this process, else that of the environment, else the demo's, which is public."""
    return _in_force[-1] if _in_force else given_key() or DEMO_KEY


def put_in_force(key: str) -> None:
    """Make this the active key of the process, whatever the environment says."""
    _in_force[:] = [key]


def given_key(variable: str = ENVIRONMENT_VARIABLE) -> str | None:
    """Return the key that the environment gives, None where it gives none.

    Raises:
        InputError: it cannot be used as a key on both engines.
    """
    key = os.environ.get(variable)
    if not key or not key.strip():
        return None
    # on Spark the key becomes part of an SQL statement, where ${…} would be a variable
    if not key.isprintable() or not key.isascii() or set(key) & set("'\\$"):
        raise InputError(
            f"{variable}: holds a character that a key must not hold (a control character, ', \\, $ or non-ASCII). "
            "Choose another key, for example with `openssl rand -hex 32`."
        )
    return key


def fingerprint(key: str) -> str:
    """Return the fingerprint of a key, which identifies it without revealing it: the keyed hash of a constant."""
    return _hash(key, _FINGERPRINT_OF)


def keyed_digest(text: str, key: str) -> str:
    """Return the HMAC of a text, which differs for another key and reveals neither the key nor the text."""
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()


def is_known(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether this warehouse holds the fingerprint of a key."""
    return _fingerprint_in(connection) is not None


def find(folder: Path, connection: duckdb.DuckDBPyConnection | None) -> str | None:
    """Return the key of an output folder; None if it has none yet and the environment gives none.

    Raises:
        InputError: the given key is not the one the folder was built with, or none was given and it is not found.
    """
    given, kept = given_key(), [key for key in (_read(folder / FILE_NAME), _read(folder / NEXT_FILE_NAME)) if key]
    known = _fingerprint_in(connection) if connection is not None else None
    if connection is None or known is None:
        key = given or _read(folder / FILE_NAME)
        if connection is not None:
            _refuse_another_than_hashed(folder, connection, key)
        return key
    if given is not None:
        if fingerprint(given) != known:
            raise InputError(
                f"{folder}: was built with a different key than {ENVIRONMENT_VARIABLE}. {_advice(folder, known)}"
            )
        return given
    for key in (*kept, DEMO_KEY):
        if fingerprint(key) == known:
            return key
    where = f"{folder / FILE_NAME} holds a different one" if kept else f"there is no {folder / FILE_NAME}"
    raise InputError(
        f"{folder}: the key that it was built with is missing: {ENVIRONMENT_VARIABLE} is not set, and {where}. "
        f"{ERASED} Set {ENVIRONMENT_VARIABLE} to the old key, or choose another --out."
    )


def _advice(folder: Path, known: str) -> str:
    if fingerprint(_read(folder / FILE_NAME) or "") == known:
        where = f"unset {ENVIRONMENT_VARIABLE}: the key is in {folder / FILE_NAME}"
    elif fingerprint(DEMO_KEY) == known:
        where = f"unset {ENVIRONMENT_VARIABLE}: it was the demo's key"
    else:
        where = "set the old key"
    return f"{ERASED} To build with the old key, {where}. To change it: journey rotate-key --out {folder}."


def _refuse_another_than_hashed(folder: Path, connection: duckdb.DuckDBPyConnection, key: str | None) -> None:
    """Refuse a key that differs from the one of an old release, which kept no fingerprint, if its hashes show that."""
    if has_hashed(folder, connection, key or DEMO_KEY) is not False:
        return
    if key is None:
        raise InputError(
            f"{folder}: was built with a key of its own, but {ENVIRONMENT_VARIABLE} is not set. {ERASED} Set it to "
            "the old key."
        )
    if has_hashed(folder, connection, DEMO_KEY):
        raise InputError(
            f"{folder}: was built without {ENVIRONMENT_VARIABLE}, that is with the demo's key. {ERASED} "
            f"To change the key: journey rotate-key --out {folder}."
        )
    raise InputError(
        f"{folder}: was built with a different key than {ENVIRONMENT_VARIABLE}. {ERASED} Set the old key, "
        f"or change it: journey rotate-key --out {folder}."
    )


def has_hashed(folder: Path, connection: duckdb.DuckDBPyConnection, key: str) -> bool | None:
    """Return whether the earlier build here was hashed with this key; None if that cannot be seen."""
    if _has_table(connection, "intermediate", "int_person_identifiers"):
        row = connection.execute(
            "select identifier, left(identifier_hash, 32) from intermediate.int_person_identifiers limit 1"
        ).fetchone()
        if row is not None:
            return bool(_hash(key, row[0]) == row[1])
    try:
        note = json.loads((folder / "built_from.json").read_text(encoding="utf-8"))
        return hmac.compare_digest(note["hash_key"], keyed_digest(note["build_id"], key))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def plain_run_key(folder: Path, connection: duckdb.DuckDBPyConnection) -> str:
    """Return the key for a plain dbt run on the warehouse of a folder: the active one, else the one of a build.

    If own rows were landed and no build has made a key yet, a key is made here; without rows the demo's key will do.

    Raises:
        InputError: the warehouse was built with another key.
    """
    if _in_force:
        return _in_force[-1]
    key = find(folder, connection)
    if key is not None:
        return key
    if has_hashed(folder, connection, DEMO_KEY) or not _has_raw_rows(connection):
        return DEMO_KEY
    key = make_key()
    keep(folder, key)
    return key


def _has_raw_rows(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = current_database()"
        " and starts_with(schema_name, 'raw_') and estimated_size > 0"
        " union all select 1 from duckdb_views() where database_name = current_database()"
        " and starts_with(schema_name, 'raw_') limit 1"
    ).fetchone()
    return found is not None


def is_demo(connection: duckdb.DuckDBPyConnection, raw: Path | None) -> bool:
    """Return whether all landed rows are the demo company's: each file must be exactly as `journey demo` wrote it.

    The mark file alone does not decide: one more file, or one changed row, makes the data own data.
    """
    if raw is None:
        return False
    try:
        written = json.loads((raw / DEMO_MARK).read_text(encoding="utf-8"))["files"]
        demo = {(str(path), str(content)) for path, content in written.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    landed = connection.execute("select path, sha256 from private.landed_files").fetchall()
    return bool(landed) and set(landed) <= demo


def mark_demo(folder: Path, files: Iterable[Path]) -> None:
    """Write the mark file, which lists the demo company's files; only these may be hashed with the demo's key."""
    contents = {}
    for file in sorted(files):
        with file.open("rb") as stream:
            contents[file.relative_to(folder).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    (folder / DEMO_MARK).write_text(json.dumps({"files": contents}, indent=1) + "\n", encoding="utf-8")


# What the warehouse keeps


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of keys if they do not exist."""
    connection.execute("create schema if not exists private")
    connection.execute(
        "create table if not exists private.hash_key (fingerprint varchar, is_demo boolean, is_published boolean)"
    )
    # position 0: the key of the suppression list; from 1: the former hash keys, oldest first
    connection.execute("create table if not exists private.sealed_keys (position bigint, sealed_key varchar)")


def adopt(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Store the fingerprint of this key in a warehouse that has none yet."""
    # an earlier release hashed its suppression list with the hash key itself
    suppression = key if has_erased(connection) else make_key()
    connection.execute("begin")
    prepare(connection)
    _write(connection, Ring(key, (), suppression))
    connection.execute("commit")


def has_erased(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether somebody is on the suppression list."""
    return _has_table(connection, "private", "suppression_list") and bool(
        connection.execute("select 1 from private.suppression_list limit 1").fetchone()
    )


def ring_of(connection: duckdb.DuckDBPyConnection, key: str) -> Ring:
    """Return the keys of a warehouse whose hash key is `key`; a warehouse without stored keys uses it for everything.

    Raises:
        InputError: the warehouse has another hash key, or the stored keys are damaged.
    """
    known = _fingerprint_in(connection)
    if known is None:
        return Ring(key, (), key)
    if known != fingerprint(key):
        raise InputError(f"the warehouse was built with a different key. {ERASED} Set {ENVIRONMENT_VARIABLE} to it.")
    sealed = connection.execute("select sealed_key from private.sealed_keys order by position").fetchall()
    suppression, *former = (_unseal(text, key) for (text,) in sealed)
    return Ring(key, tuple(former), suppression)


def replace_key(connection: duckdb.DuckDBPyConnection, old: str, new: str) -> None:
    """Replace the hash key, in the transaction of the caller."""
    ring = ring_of(connection, old)
    _write(connection, Ring(new, (*ring.former, old), ring.suppression))


def was_published(connection: duckdb.DuckDBPyConnection) -> None:
    """Record that a build with the current key was published, so that the key may be rotated again."""
    connection.execute("update private.hash_key set is_published = true where not is_published")


def awaits_build(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the key was changed and no build has been published since."""
    row = connection.execute(
        "select not is_published and (select max(position) from private.sealed_keys) > 0 from private.hash_key"
    ).fetchone()
    return bool(row and row[0])


def _write(connection: duckdb.DuckDBPyConnection, ring: Ring) -> None:
    connection.execute("delete from private.hash_key")
    connection.execute(
        "insert into private.hash_key values (?, ?, false)", [fingerprint(ring.key), ring.key == DEMO_KEY]
    )
    connection.execute("delete from private.sealed_keys")
    connection.executemany(
        "insert into private.sealed_keys values (?, ?)",
        [[position, _seal(key, ring.key)] for position, key in enumerate((ring.suppression, *ring.former))],
    )


def _fingerprint_in(connection: duckdb.DuckDBPyConnection) -> str | None:
    if not _has_table(connection, "private", "hash_key"):
        return None
    row = connection.execute("select fingerprint from private.hash_key").fetchone()
    return str(row[0]) if row else None


def _has_table(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = current_database() and schema_name = ? and table_name = ?",
        [schema, name],
    ).fetchone()
    return found is not None


# Hashes and seals


def _hash(key: str, text: str) -> str:
    # as the macro keyed_hash spells it
    return hashlib.sha256(f"{key}|{text}".encode()).hexdigest()[:32]


def _seal(secret: str, key: str) -> str:
    return _cipher(key).encrypt(secret.encode()).decode()


def _unseal(sealed: str, key: str) -> str:
    try:
        return _cipher(key).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise InputError(
            "the warehouse is damaged: private.sealed_keys cannot be decrypted. Restore warehouse.duckdb from a backup."
        ) from error


def _cipher(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hmac.new(key.encode(), b"seal", "sha256").digest()))


# The file of a key


def make_key() -> str:
    """Return a new random key."""
    return secrets.token_hex(32)


def keep(folder: Path, key: str, name: str = FILE_NAME) -> Path:
    """Write a key to its file atomically, readable by its owner alone."""
    file, unfinished = folder / name, folder / f".{name}.unfinished"
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(f"{key}\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(unfinished, file)
    return file


def finish_rotation(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Complete or undo the key files of a rotation that was killed; the fingerprint in the warehouse decides which."""
    known = _fingerprint_in(connection)
    following = _read(folder / NEXT_FILE_NAME)
    if following is not None and fingerprint(following) == known:
        os.replace(folder / NEXT_FILE_NAME, folder / FILE_NAME)
    (folder / NEXT_FILE_NAME).unlink(missing_ok=True)


def _read(file: Path) -> str | None:
    """Return the key in a file; None if there is no such file.

    Raises:
        InputError: the file cannot be read, or holds no key.
    """
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read ({type(error).__name__}). Restore it from a backup.") from error
    if len(lines) != 1 or not lines[0].strip():
        raise InputError(f"{file}: holds no key. Restore it from a backup.")
    return lines[0]
