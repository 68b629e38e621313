"""The key of the hashes in the course of a build, and another one for an output folder.

A rotation loses neither who was erased nor what persons were called. The warehouse is written anew without the models,
which show hashes under the old key, and takes the place of the old one in one rename: whoever kills a rotation leaves
the old state or the new one. The next build makes the models from the landed rows, which hold no hashes, and says in
`bridge_person_changes` which person_id became which.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from customer_journey import erasure, hash_key
from customer_journey.errors import InputError
from customer_journey.paths import Output
from customer_journey.warehouse import open_warehouse

NEW_KEY_VARIABLE = "JOURNEY_NEW_HASH_KEY"


@dataclass(frozen=True)
class Rotation:
    """The fingerprint of the new key, and the file that keeps it, None if nobody but its giver does."""

    fingerprint: str
    file: Path | None


def rotate(output: Output) -> Rotation:
    """Replace the key of an output folder: by that of JOURNEY_NEW_HASH_KEY, or by one made at random and kept here.

    Raises:
        InputError: nothing is built here, the old key is not there, or the new one cannot be used.
        LockedError: another program has the warehouse open.
    """
    given = hash_key.given_key(NEW_KEY_VARIABLE)
    if not output.warehouse.exists():
        raise InputError(f"{output.root}: holds no warehouse whose key could be changed. Build it first.")
    with open_warehouse(output.warehouse) as connection:
        hash_key.finish_rotation(output.root, connection)
        old = hash_key.find(output.root, connection) or hash_key.DEMO_KEY
        erasure.prepare(connection)
        if not hash_key.is_known(connection):
            hash_key.adopt(connection, old)
        awaits_build = hash_key.awaits_build(connection)
    if awaits_build:
        raise InputError(
            f"{output.root}: its key has changed already, and no build was published since. Build it first."
        )
    if given == hash_key.DEMO_KEY:
        raise InputError(f"{NEW_KEY_VARIABLE}: is the demo's key, which everybody knows. Choose another one.")
    if given == old:
        raise InputError(f"{NEW_KEY_VARIABLE}: is the key that {output.root} has already. Choose another one.")
    new = replace(output, old, given)
    return Rotation(hash_key.fingerprint(new), output.root / hash_key.FILE_NAME if given is None else None)


def replace(output: Output, old: str, given: str | None = None) -> str:
    """Replace the old key by the given one, or by one made at random and kept beside the warehouse; return the new."""
    new = given or hash_key.make_key()
    if given is None:
        hash_key.keep(output.root, new, hash_key.NEXT_FILE_NAME)
    erasure.rewrite(output.warehouse, (), partial(hash_key.replace_key, old=old, new=new))
    if given is None:
        with open_warehouse(output.warehouse) as connection:
            hash_key.finish_rotation(output.root, connection)
    else:
        # the old key is sealed in the warehouse, and here it would only be taken for the one in force
        (output.root / hash_key.FILE_NAME).unlink(missing_ok=True)
    return new


def key_of(output: Output) -> str | None:
    """Return the key of the hashes that this folder is built with, None where that depends on its rows."""
    if not output.warehouse.exists():
        return hash_key.find(output.root, None)
    with open_warehouse(output.warehouse) as connection:
        hash_key.finish_rotation(output.root, connection)
        return hash_key.find(output.root, connection)


def settle(output: Output, key: str | None, is_demo: bool) -> str | None:
    """Put in force the key that the rows that have landed may be hashed with, and tell what is new of it.

    Raises:
        InputError: own rows were to be hashed with the key that everybody knows.
    """
    kept = output.root / hash_key.FILE_NAME
    news = None
    made = (
        f"made at random and kept in {kept}, for the owner of that file alone. Whoever loses it loses who was erased: "
        "keep a copy elsewhere (docs/keys.md)"
    )
    if key == hash_key.DEMO_KEY == hash_key.given_key() and not is_demo:
        raise InputError(
            f"{hash_key.ENVIRONMENT_VARIABLE}: is the demo's key, which everybody knows, and these are not the demo's "
            "rows alone. Choose another one, or unset it: a key is made then."
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
        news = f"{made}. This folder was built with the demo's before: marts.bridge_person_changes tells the new ids"
    elif key == hash_key.DEMO_KEY and not is_known:
        news = "the demo's, which everybody knows and no rows of your own are ever hashed with"
    hash_key.put_in_force(key)
    return news


def _had_demo_key(output: Output, connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether a release that kept no fingerprint has built here without a key, which was with the demo's."""
    return hash_key.has_erased(connection) or bool(hash_key.has_hashed(output.root, connection, hash_key.DEMO_KEY))
