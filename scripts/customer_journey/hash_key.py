"""The key of the hashes that stand for persons: where it comes from, and that an output folder keeps to one.

It comes from the environment. Without one, the demo company is built under a key that everybody knows; a build of own
rows makes a key at random, once, and keeps it in a file beside the private warehouse. The warehouse keeps a fingerprint
of the key, never the key: under another one every person_id would change without a word, and persons who were erased
would come back, since nobody would know them any more.

So that a change of the key (`keys`) loses nobody, the suppression list is hashed with a key of its own that never
changes. It lies in the warehouse, sealed by the key of the hashes, as do the keys that were in force before: by these
the next build says which person_id became which, and erasure finds what earlier builds called a person.
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
# The demo's own: it stands in every copy of this project.
DEMO_KEY = "demo-key-protects-nobody"
# Beside the raw tables of the demo company: which files `journey demo` wrote, by path and content.
DEMO_MARK = "demo.json"
FILE_NAME = "hash_key"
# A rotation writes its new key here first: it counts once the warehouse has its fingerprint.
NEXT_FILE_NAME = "hash_key.next"
# What is hashed for the fingerprint; the macro ensure_hash_key says it too.
_FINGERPRINT_OF = "hash_key_fingerprint"
# Stands in a session for the key before, where there was none.
NO_KEY = "none"

ERASED = "Persons who were erased would come back, and every person_id would change."

_in_force: list[str] = []


@dataclass(frozen=True)
class Ring:
    """The keys of an output folder: that of the hashes, those before it, oldest first, and the suppression list's."""

    key: str
    former: tuple[str, ...]
    suppression: str

    @property
    def last(self) -> str:
        """The key that was in force before this one."""
        return self.former[-1] if self.former else NO_KEY


def hash_key() -> str:
    """Return the key in force in this process, else that of the environment, else the demo's, which protects nobody."""
    return _in_force[-1] if _in_force else given_key() or DEMO_KEY


def put_in_force(key: str) -> None:
    """Let this process hash with a key, whatever the environment says."""
    _in_force[:] = [key]


def given_key(variable: str = ENVIRONMENT_VARIABLE) -> str | None:
    """Return the key that the environment gives, None where it gives none.

    Raises:
        InputError: it cannot be used as a key on both engines.
    """
    key = os.environ.get(variable)
    if not key or not key.strip():
        return None
    # Spark fills it into a statement between quotation marks, and knows ${…} for a variable
    if not key.isprintable() or not key.isascii() or set(key) & set("'\\$"):
        raise InputError(
            f"{variable}: holds a sign that a key must not (a control character, ', \\, $ or no ASCII). "
            "Take for example that of `openssl rand -hex 32`."
        )
    return key


def fingerprint(key: str) -> str:
    """Return what tells this key from others and says nothing of it: as keyed_hash would hash a constant."""
    return _hash(key, _FINGERPRINT_OF)


def keyed_digest(text: str, key: str) -> str:
    """Return what tells another key from this one by a text, and says nothing of either."""
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()


def is_known(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether this warehouse has the fingerprint of a key."""
    return _fingerprint_in(connection) is not None


def find(folder: Path, connection: duckdb.DuckDBPyConnection | None) -> str | None:
    """Return the key of an output folder; None where it has none yet and the environment gives none.

    Raises:
        InputError: the key that was given is another one, or none was given and the folder was built with one.
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
                f"{folder}: was built with another key than {ENVIRONMENT_VARIABLE}. {_advice(folder, known)}"
            )
        return given
    for key in (*kept, DEMO_KEY):
        if fingerprint(key) == known:
            return key
    where = f"that of {folder / FILE_NAME} is another one" if kept else f"there is no {folder / FILE_NAME}"
    raise InputError(
        f"{folder}: was built with a key that is not here: {ENVIRONMENT_VARIABLE} is not set, and {where}. {ERASED} "
        "Set the old key, or choose another --out."
    )


def _advice(folder: Path, known: str) -> str:
    if fingerprint(_read(folder / FILE_NAME) or "") == known:
        where = f"unset {ENVIRONMENT_VARIABLE}: the key lies in {folder / FILE_NAME}"
    elif fingerprint(DEMO_KEY) == known:
        where = f"unset {ENVIRONMENT_VARIABLE}: it was the demo's key"
    else:
        where = "set the old key"
    return f"{ERASED} To build with the old key, {where}. To change it: journey rotate-key --out {folder}."


def _refuse_another_than_hashed(folder: Path, connection: duckdb.DuckDBPyConnection, key: str | None) -> None:
    """Refuse a key that hashed nothing of a build of a release that kept no fingerprint, as far as that can be seen."""
    if has_hashed(folder, connection, key or DEMO_KEY) is not False:
        return
    if key is None:
        raise InputError(
            f"{folder}: was built with a key of its own, and {ENVIRONMENT_VARIABLE} is not set. {ERASED} Set it."
        )
    if has_hashed(folder, connection, DEMO_KEY):
        raise InputError(
            f"{folder}: was built without {ENVIRONMENT_VARIABLE}, that is with the demo's key. {ERASED} "
            f"To change to another key: journey rotate-key --out {folder}."
        )
    raise InputError(
        f"{folder}: was built with another key than {ENVIRONMENT_VARIABLE}. {ERASED} Set the old key, "
        f"or change it: journey rotate-key --out {folder}."
    )


def has_hashed(folder: Path, connection: duckdb.DuckDBPyConnection, key: str) -> bool | None:
    """Tell whether what stands of an earlier build was hashed with a key; None where nothing says."""
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
    """Return the key of a dbt run on the warehouse in a folder: the one in force, else that which a build would take.

    Own rows that no build has seen yet get a key of their own here too; where there are none, no key protects anybody.

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
    """Tell whether all rows that have landed are the demo company's: each file is one that `journey demo` wrote there.

    A folder holds the mark of the demo, but it is the rows that decide: one file more, or one row in a file, is own.
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
    """Write which files in a raw folder are the demo company's: nothing else may be built with its key."""
    contents = {}
    for file in sorted(files):
        with file.open("rb") as stream:
            contents[file.relative_to(folder).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    (folder / DEMO_MARK).write_text(json.dumps({"files": contents}, indent=1) + "\n", encoding="utf-8")


# What the warehouse keeps


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of keys, if they are not there yet."""
    connection.execute("create schema if not exists private")
    connection.execute(
        "create table if not exists private.hash_key (fingerprint varchar, is_demo boolean, is_published boolean)"
    )
    # position 0: the suppression list's; from 1: those before this one, oldest first
    connection.execute("create table if not exists private.sealed_keys (position bigint, sealed_key varchar)")


def adopt(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Let a warehouse that has no fingerprint yet take this key's."""
    # who was erased by an earlier release stands in the list under the key of then
    suppression = key if has_erased(connection) else make_key()
    connection.execute("begin")
    prepare(connection)
    _write(connection, Ring(key, (), suppression))
    connection.execute("commit")


def has_erased(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether somebody is on the suppression list."""
    return _has_table(connection, "private", "suppression_list") and bool(
        connection.execute("select 1 from private.suppression_list limit 1").fetchone()
    )


def ring_of(connection: duckdb.DuckDBPyConnection, key: str) -> Ring:
    """Return the keys of a warehouse, of which this is the one in force; where none is kept it does for all.

    Raises:
        InputError: another key is in force, or what is kept is damaged.
    """
    known = _fingerprint_in(connection)
    if known is None:
        return Ring(key, (), key)
    if known != fingerprint(key):
        raise InputError(f"the warehouse was built with another key. {ERASED}")
    sealed = connection.execute("select sealed_key from private.sealed_keys order by position").fetchall()
    suppression, *former = (_unseal(text, key) for (text,) in sealed)
    return Ring(key, tuple(former), suppression)


def replace_key(connection: duckdb.DuckDBPyConnection, old: str, new: str) -> None:
    """Put another key in the place of the one in force, in the transaction of the caller."""
    ring = ring_of(connection, old)
    _write(connection, Ring(new, (*ring.former, old), ring.suppression))


def was_published(connection: duckdb.DuckDBPyConnection) -> None:
    """Remember that all that is kept of persons was hashed with the key in force, so that it may change again."""
    connection.execute("update private.hash_key set is_published = true where not is_published")


def awaits_build(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether the key has changed and no build has been published since."""
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
            "the warehouse is damaged: private.sealed_keys cannot be read. Take it from a backup."
        ) from error


def _cipher(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hmac.new(key.encode(), b"seal", "sha256").digest()))


# The file of a key


def make_key() -> str:
    """Return a key that nobody could guess."""
    return secrets.token_hex(32)


def keep(folder: Path, key: str, name: str = FILE_NAME) -> Path:
    """Write a key to its file, whole or not at all, for its owner alone."""
    file, unfinished = folder / name, folder / f".{name}.unfinished"
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(f"{key}\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(unfinished, file)
    return file


def finish_rotation(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Bring the files of keys in line with the warehouse, which says whether a killed rotation has happened."""
    known = _fingerprint_in(connection)
    following = _read(folder / NEXT_FILE_NAME)
    if following is not None and fingerprint(following) == known:
        os.replace(folder / NEXT_FILE_NAME, folder / FILE_NAME)
    (folder / NEXT_FILE_NAME).unlink(missing_ok=True)


def _read(file: Path) -> str | None:
    """Return the key in a file, None where there is no such file.

    Raises:
        InputError: it cannot be read, or holds none.
    """
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: the key cannot be read ({type(error).__name__}). Take it from a backup.") from error
    if len(lines) != 1 or not lines[0].strip():
        raise InputError(f"{file}: holds no key. Take it from a backup.")
    return lines[0]
