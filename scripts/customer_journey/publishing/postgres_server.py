"""The PostgreSQL server that marts are published to: its URL, sessions, and errors.

The URL may hold a password, which is never shown: messages name a server by host and database, and an error of the
client library is cut to one line with every secret removed.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

from customer_journey.errors import NO_ROOM, BuildError, InputError, MachineError, first_line

if TYPE_CHECKING:
    import pyarrow as pa

URL_VARIABLE = "JOURNEY_POSTGRES_URL"
# parsed as libpq does; a password with an unescaped @ or / does not match, since libpq would misread the host
_URL = re.compile(
    r"postgres(?:ql)?://(?:[^:@/\s]*(?::(?P<password>[^@/\s]*))?@)?(?P<hosts>HOST(?:,HOST)*)"
    r"(?:/(?P<database>[^@/?\s]*))?(?:\?(?P<options>\S*))?".replace("HOST", r"(?:\[[^\]]+\]|[^:,@/?\s]*)(?::\d+)?")
)
_OPTION = re.compile(r"(?P<name>[a-z_]+)=(?P<value>[^&]*)")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Defaults for the URL; without a timeout, a server that drops packets would block for ever.
_DEFAULTS = {"connect_timeout": "10", "application_name": "customer_journey"}
# The heading of an error of libpq or the server, in any language.
_HEADING = re.compile(r"\b[^\W\d_]{4,}:  (?P<text>[^\n]+)")
_DETAIL = re.compile(r"\n(?:DETAIL|CONTEXT): +(?P<text>[^\n]+)")

_NO_ROOM_ON_SERVER = "53100"
_NOT_ALLOWED = "42501"
_LOCK_TIMED_OUT = "55P03"
# errors of a server that is reachable: trying again would not help
_SAYS_NO = (
    "password", "does not exist", "no pg_hba.conf entry", "permission denied", "authentication failed",
    "not permitted to log in", "certificate", "server does not support ssl", "not understood",
)  # fmt: skip


@dataclass(frozen=True)
class Server:
    """A database of a PostgreSQL server; `place` names it without user and password."""

    place: str
    url: str = field(repr=False)
    secrets: Sequence[str] = field(repr=False, default=())


def server_of(url: str, named_by: str) -> Server:
    """Read a URL that an option or a variable has given.

    Raises:
        InputError: it is not a URL of PostgreSQL. The message does not repeat it, since it may hold a password.
    """
    fits = _URL.fullmatch(url)
    options = (fits["options"] or "").split("&") if fits else []
    pairs = [_OPTION.fullmatch(option) for option in options if option]
    if fits is None or not all(pairs) or _BAD_PERCENT.search(url):
        raise InputError(
            f"{named_by}: is not a URL of the form postgresql://user@host:5432/database. In a password write @ as %40, "
            "/ as %2F and % as %25, or set PGPASSWORD instead."
        )
    given = {pair["name"]: unquote(pair["value"]) for pair in pairs if pair}
    secrets = [fits["password"] or "", *(value for name, value in given.items() if "password" in name)]
    added = [f"{name}={value}" for name, value in _DEFAULTS.items() if name not in given]
    before_options = url if fits["options"] is None else url[: fits.start("options") - 1]
    host = fits["hosts"] or given.get("host") or os.environ.get("PGHOST") or "this machine"
    database = unquote(fits["database"] or "") or given.get("dbname") or os.environ.get("PGDATABASE") or "the default"
    return Server(
        f"{host}/{database}",
        f"{before_options}?{'&'.join([option for option in options if option] + added)}",
        sorted({secret for text in secrets for secret in (text, unquote(text)) if secret}, key=len, reverse=True),
    )


class ServerError(Exception):
    """An error of PostgreSQL in one line without secrets, with its SQLSTATE ('' if no session was opened)."""

    def __init__(self, text: str, state: str, detail: str = "") -> None:
        """Keep the line, the SQLSTATE, and the detail that the server adds."""
        super().__init__(text)
        self.state = state
        self.detail = detail

    @property
    def lock_timed_out(self) -> bool:
        """Whether a lock was not granted in time."""
        return self.state == _LOCK_TIMED_OUT

    def as_build_error(self, place: str) -> BuildError:
        """Return the error with the line and the exit code for the user."""
        line = f"PostgreSQL ({place}): {self}".rstrip(".")
        if self.state == _NO_ROOM_ON_SERVER:
            return MachineError(f"PostgreSQL ({place}): {NO_ROOM} on the server.")
        if self.state == _NOT_ALLOWED:
            return InputError(f"{line}. docs/postgresql.md lists the rights that the publishing login needs.")
        if not self.state and any(words in str(self).lower() for words in _SAYS_NO):
            return InputError(f"{line}. Correct the URL, {URL_VARIABLE} or PGPASSWORD, or the rights on the server.")
        if not self.state:
            return BuildError(f"{line}. Once the server answers, run journey publish to copy the published build.")
        return BuildError(f"{line} (SQLSTATE {self.state}).")


class Session:
    """One session on a server, a context manager. Each statement commits by itself, unless `begin` was executed."""

    def __init__(self, server: Server) -> None:
        """Connect.

        Raises:
            ServerError: the server does not answer or refuses the login.
        """
        # slow to import, and other commands do not need it
        import adbc_driver_postgresql.dbapi as driver
        from adbc_driver_manager import Error

        self._server = server
        self._error = Error
        try:
            self._connection = driver.connect(server.url, autocommit=True)
        except Error as error:
            raise self._error_line(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def execute(self, statement: str) -> None:
        """Run a statement that returns no rows.

        Raises:
            ServerError: the server refused it.
        """
        self._run(statement, is_query=False)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a query and return its rows.

        Raises:
            ServerError: the server refused it.
        """
        return self._run(statement, is_query=True)

    def _run(self, statement: str, *, is_query: bool) -> list[tuple[Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement)
                return [tuple(row) for row in cursor.fetchall()] if is_query else []
        except self._error as error:
            raise self._error_line(error) from None

    def execute_all(self, statements: Sequence[str]) -> None:
        """Run statements as one transaction in a single round trip.

        Raises:
            ServerError: the server refused one of them; none has taken effect.
        """
        self.execute(f"do {literal('begin ' + ' '.join(f'{statement};' for statement in statements) + ' end')}")

    def copy(self, schema: str, table: str, batches: "pa.RecordBatchReader") -> int:
        """Append record batches to a table, and return the number of rows.

        Raises:
            ServerError: the server refused a value, or ended the session.
        """
        try:
            with self._connection.cursor() as cursor:
                return int(cursor.adbc_ingest(table, batches, mode="append", db_schema_name=schema))
        except self._error as error:
            raise self._error_line(error) from None

    def _error_line(self, error: Exception) -> ServerError:
        text, state = str(error), getattr(error, "sqlstate", None) or ""
        for secret in self._server.secrets:
            text = text.replace(secret, "***")
        heading, detail = _HEADING.search(text), _DETAIL.search(text)
        if heading is not None:
            message = heading["text"]
        elif not state and re.search(r"invalid (URI|percent|port)|missing key/value|URI query", text):
            message = "the URL is not understood"
        else:
            message = first_line(text.rpartition("[libpq] ")[2]).removeprefix("Failed to connect: ")
        return ServerError(message, state, detail["text"] if detail else "")


def name(*parts: str) -> str:
    """Return the name of a relation or column, with the schema first where it has one, as SQL takes it."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def literal(text: str) -> str:
    """Return a text as a literal of SQL. PostgreSQL knows no NUL."""
    return "'" + text.replace("\0", "").replace("'", "''") + "'"
