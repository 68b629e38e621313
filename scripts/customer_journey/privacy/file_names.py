"""Names of raw files as the warehouse stores them: without personal data.

Some tools write into a file name whose export it is (`orders_lan@shop.vn.csv`). A build knows a file by its path, so a
part of it with personal data is replaced by a digest, with a salt that only the private warehouse holds. Parts that
look like an e-mail address or phone number are replaced at once; those that hold another identifier or the full name of
an erased person, when the person is erased.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import duckdb

from customer_journey.raw.raw_files import SUFFIXES
from customer_journey.settings import personal_data_patterns

# A phone number as people write it, and not the digits of a date and time, which file names often have.
_NUMBER = r"(?<![0-9A-Za-z])0[1-9]([0-9]{8,9}|[0-9]{1,2}([ ._-][0-9]{3,4}){2})(?![0-9A-Za-z])"
# The suffixes of a file name, by which it is read.
_TAIL = re.compile(
    rf"((?:{'|'.join(re.escape(suffix) for suffix in sorted(SUFFIXES, key=len, reverse=True))})?"
    r"(?: as [a-z_]+| through [^/@]+)?)$",
    re.IGNORECASE,
)
_MASK = "(masked) "
_IS_MASKED = re.compile(rf"{re.escape(_MASK)}[0-9a-f]{{16}}(?:[.][A-Za-z.]+)?(?: as [a-z_]+| through [^/@]+)?")
# The columns of the warehouse that hold paths or parts of them.
_COLUMNS = {
    "landed_files": ("path",),
    "file_states": ("path",),
    "sources": ("path", "source"),
    "export_files": ("place", "file"),
}


@dataclass
class FileNames:
    """How the paths of one warehouse are stored: its salt, and the digests of the parts that erasures have hidden."""

    salt: str
    hidden: set[str] = field(default_factory=set)

    def stored(self, path: str) -> str:
        """Return a path as the warehouse stores it. A stored path gives itself."""
        return "/".join(map(self._stored_part, path.split("/")))

    def _stored_part(self, part: str) -> str:
        if _IS_MASKED.fullmatch(part) or not (_looks_personal(part) or self._digest(part) in self.hidden):
            return part
        tail = _TAIL.search(part)
        return f"{_MASK}{self._digest(part)}{tail[1] if tail else ''}"

    def _digest(self, part: str) -> str:
        # the path of a file that serves two tables ends with the table
        tail = _TAIL.search(part)
        name = part[: tail.start()] if tail else part
        return hmac.new(self.salt.encode(), name.encode(), "sha256").hexdigest()[:16]

    def hide(self, parts: Collection[str]) -> list[str]:
        """Hide these parts of paths, and return the digests that are new."""
        found = {self._digest(part) for part in parts} - self.hidden
        self.hidden |= found
        return sorted(found)


def names_of(connection: duckdb.DuckDBPyConnection) -> FileNames:
    """Return how this warehouse stores names; a warehouse without any files stores them as they are."""
    present = {
        name
        for (name,) in connection.execute(
            "select table_name from duckdb_tables()"
            " where database_name = current_database() and schema_name = 'private'"
        ).fetchall()
    }
    if "file_name_salt" not in present:
        return FileNames("")
    row = connection.execute("select salt from private.file_name_salt").fetchone()
    hidden = connection.execute("select digest from private.hidden_file_names").fetchall()
    return FileNames(row[0] if row else "", {digest for (digest,) in hidden})


def prepare(connection: duckdb.DuckDBPyConnection) -> FileNames:
    """Make the salt of a warehouse, once, and store the names that an earlier release stored as they were."""
    connection.execute("create schema if not exists private")
    connection.execute("create table if not exists private.file_name_salt (salt varchar)")
    connection.execute("create table if not exists private.hidden_file_names (digest varchar)")
    if connection.execute("select 1 from private.file_name_salt").fetchone() is None:
        connection.execute("insert into private.file_name_salt values (?)", [secrets.token_hex(16)])
    names = names_of(connection)
    _store(connection, names)
    return names


def hide(
    connection: duckdb.DuckDBPyConnection,
    identifiers: Collection[str],
    with_names: Callable[[Collection[str]], Collection[str]],
) -> None:
    """Replace the names of landed files that hold an identifier (`type:value`), or that `with_names` picks."""
    names = names_of(connection)
    paths = [path for _, _, path in _stored_texts(connection)]
    parts = {part for path in paths for part in path.split("/") if not _IS_MASKED.fullmatch(part)}
    personal = {part for part in parts if any(_holds(part, identifier) for identifier in identifiers)}
    for digest in names.hide(personal.union(with_names(parts))):
        connection.execute("insert into private.hidden_file_names values (?)", [digest])
    _store(connection, names)


def _store(connection: duckdb.DuckDBPyConnection, names: FileNames) -> None:
    for table, column, text in _stored_texts(connection):
        if (stored := names.stored(text)) != text:
            connection.execute(f"update private.{table} set {column} = ? where {column} = ?", [stored, text])


def _stored_texts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """Return table, column and text of each path that the warehouse stores."""
    return [
        (table, column, text)
        for table, column in _columns_in(connection)
        for (text,) in connection.execute(
            f"select distinct {column} from private.{table} where {column} is not null"
        ).fetchall()
    ]


def _columns_in(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    present = connection.execute(
        "select table_name, column_name from duckdb_columns()"
        " where database_name = current_database() and schema_name = 'private'"
    ).fetchall()
    return [(table, column) for table, columns in _COLUMNS.items() for column in columns if (table, column) in present]


def _looks_personal(part: str) -> bool:
    patterns = personal_data_patterns()
    return re.search(f"{patterns['address']}|{patterns['international']}|{_NUMBER}", part) is not None


def _holds(part: str, identifier: str) -> bool:
    """Return whether a name holds `type:value`, however the tool has spelled it."""
    kind, _, value = identifier.partition(":")
    value, name = value.casefold(), part.casefold()
    if kind == "phone":
        return value[-8:] in re.sub("[^0-9]", "", name)
    if kind == "email":
        return _letters(value) in _letters(name)
    return len(value) > 3 and re.search(rf"(?<![0-9a-z]){re.escape(value)}(?![0-9a-z])", name) is not None


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text)
