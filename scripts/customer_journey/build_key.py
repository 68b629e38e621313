"""Which key a build hashes with: the folder's, the environment's, the demo's, or one made for rows of one's own."""

import duckdb

from customer_journey import hash_key, rotation
from customer_journey.errors import InputError
from customer_journey.paths import Output
from customer_journey.warehouse import open_warehouse


def known(output: Output) -> str | None:
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
        key = rotation.replace(output, key)
        news = f"{made}. This folder was built with the demo's before: marts.bridge_person_changes tells the new ids"
    elif key == hash_key.DEMO_KEY and not is_known:
        news = "the demo's, which everybody knows and no rows of your own are ever hashed with"
    hash_key.put_in_force(key)
    return news


def _had_demo_key(output: Output, connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether a release that kept no fingerprint has built here without a key, which was with the demo's."""
    return hash_key.has_erased(connection) or bool(hash_key.has_hashed(output.root, connection, hash_key.DEMO_KEY))
