"""The hash key during a build, and its rotation.

A rotation keeps the suppression list and the mapping of old to new person_ids. It writes a new warehouse without the
models, whose hashes were made with the old key, and renames it over the old one: a rotation that is killed leaves
either the old state or the new one. The next build makes the models again from the landed rows, which hold no hashes,
and writes to `bridge_person_changes` which person_id became which.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from customer_journey.errors import InputError
from customer_journey.paths import Output
from customer_journey.privacy import erasure, hash_key
from customer_journey.warehouse import open_warehouse

NEW_KEY_VARIABLE = "JOURNEY_NEW_HASH_KEY"


@dataclass(frozen=True)
class Rotation:
    """The fingerprint of the new key, and the file that holds it; None if the key came from the environment."""

    fingerprint: str
    file: Path | None


def rotate(output: Output) -> Rotation:
    """Replace the key of an output folder by JOURNEY_NEW_HASH_KEY, or by a random one that is kept in the folder.

    Raises:
        InputError: nothing is built here, the old key is missing, or the new one cannot be used.
        LockedError: another program has the warehouse open.
    """
    given = hash_key.given_key(NEW_KEY_VARIABLE)
    if not output.warehouse.exists():
        raise InputError(f"{output.root}: holds no warehouse, so there is no key to change. Build first.")
    with open_warehouse(output.warehouse) as connection:
        hash_key.finish_rotation(output.root, connection)
        old = hash_key.find(output.root, connection) or hash_key.DEMO_KEY
        erasure.prepare(connection)
        if not hash_key.is_known(connection):
            hash_key.adopt(connection, old)
        awaits_build = hash_key.awaits_build(connection)
    if awaits_build:
        raise InputError(f"{output.root}: its key was changed already, and no build was published since. Build first.")
    if given == hash_key.DEMO_KEY:
        raise InputError(f"{NEW_KEY_VARIABLE}: is the key of the demo, which is public. Choose another one.")
    if given == old:
        raise InputError(f"{NEW_KEY_VARIABLE}: is already the key of {output.root}. Choose another one.")
    new = replace(output, old, given)
    return Rotation(hash_key.fingerprint(new), output.root / hash_key.FILE_NAME if given is None else None)


def replace(output: Output, old: str, given: str | None = None) -> str:
    """Replace the old key by the given one, or by a random one kept beside the warehouse; return the new key."""
    new = given or hash_key.make_key()
    if given is None:
        hash_key.keep(output.root, new, hash_key.NEXT_FILE_NAME)
    erasure.rewrite(output.warehouse, (), partial(hash_key.replace_key, old=old, new=new))
    if given is None:
        with open_warehouse(output.warehouse) as connection:
            hash_key.finish_rotation(output.root, connection)
    else:
        # the warehouse keeps the old key, encrypted; this file would be taken for the key in force
        (output.root / hash_key.FILE_NAME).unlink(missing_ok=True)
    return new


def key_of(output: Output) -> str | None:
    """Return the hash key of this folder; None if there is none yet and the rows decide (demo or own)."""
    if not output.warehouse.exists():
        return hash_key.find(output.root, None)
    with open_warehouse(output.warehouse) as connection:
        hash_key.finish_rotation(output.root, connection)
        return hash_key.find(output.root, connection)


def settle(output: Output, key: str | None, is_demo: bool) -> str | None:
    """Choose and activate the key to hash the landed rows with; return a line for the summary if the key is new.

    Raises:
        InputError: own rows would be hashed with the public key of the demo.
    """
    kept = output.root / hash_key.FILE_NAME
    news = None
    made = (
        f"made at random and kept in {kept}, which only its owner can read. Without it, erased persons are no longer "
        "recognised: keep a copy elsewhere (docs/keys.md)"
    )
    if key == hash_key.DEMO_KEY == hash_key.given_key() and not is_demo:
        raise InputError(
            f"{hash_key.ENVIRONMENT_VARIABLE}: is the key of the demo, which is public, but not all rows here are the "
            "demo's. Choose another key, or unset the variable: then the build makes one."
        )
    with open_warehouse(output.warehouse) as connection:
        is_known = hash_key.is_known(connection)
        if not is_known:
            if key is None and (is_demo or _had_demo_key(output, connection)):
                key = hash_key.DEMO_KEY
            elif key is None:
                key = hash_key.make_key()
                hash_key.keep(output.root, key)
                news = made
            hash_key.adopt(connection, key)
    assert key is not None
    if key == hash_key.DEMO_KEY and not is_demo:
        key = replace(output, key)
        news = f"{made}. It replaces the demo's key: marts.bridge_person_changes maps old person_ids to new ones"
    elif key == hash_key.DEMO_KEY and not is_known:
        news = "the demo's, which is public; rows of your own are never hashed with it"
    hash_key.put_in_force(key)
    return news


def _had_demo_key(output: Output, connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether an old release, which kept no fingerprint, built here without a key, and so with the demo's."""
    return hash_key.has_erased(connection) or bool(hash_key.has_hashed(output.root, connection, hash_key.DEMO_KEY))
