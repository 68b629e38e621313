"""The PostgreSQL server that marts are published to: its URL, sessions on it, and what it says when it refuses.

The URL may hold a password. Nothing here shows it: a server is named by host and database, and what the client library
says is cut to one line, without any secret that it might repeat.
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
# as libpq takes a URL apart: a password with @ or / in it, which it would take for the host, fits nowhere here
_URL = re.compile(
    r"postgres(?:ql)?://(?:[^:@/\s]*(?::(?P<password>[^@/\s]*))?@)?(?P<hosts>HOST(?:,HOST)*)"
    r"(?:/(?P<database>[^@/?\s]*))?(?:\?(?P<options>\S*))?".replace("HOST", r"(?:\[[^\]]+\]|[^:,@/?\s]*)(?::\d+)?")
)
_OPTION = re.compile(r"(?P<name>[a-z_]+)=(?P<value>[^&]*)")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# What we set unless the URL does: a server that swallows packets would be waited for without end.
_DEFAULTS = {"connect_timeout": "10", "application_name": "customer_journey"}
# How libpq and the server head an error, in any language.
_HEADING = re.compile(r"\b[^\W\d_]{4,}:  (?P<text>[^\n]+)")
_DETAIL = re.compile(r"\n(?:DETAIL|CONTEXT): +(?P<text>[^\n]+)")

_NO_ROOM_ON_SERVER = "53100"
_NOT_ALLOWED = "42501"
_WAITED_TOO_LONG = "55P03"
# said by a server that is there and will say it again
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
        InputError: it is no URL of PostgreSQL. The line does not repeat it.
    """
    fits = _URL.fullmatch(url)
    options = (fits["options"] or "").split("&") if fits else []
    pairs = [_OPTION.fullmatch(option) for option in options if option]
    if fits is None or not all(pairs) or _BAD_PERCENT.search(url):
        raise InputError(
            f"{named_by}: is no URL as postgresql://user@host:5432/database. In a password write @ as %40, / as %2F "
            "and % as %25, or leave it to PGPASSWORD."
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
    """What PostgreSQL refused, as one line that holds no secret, with its SQLSTATE ('' where no session began)."""

    def __init__(self, text: str, state: str, detail: str = "") -> None:
        """Keep the line, the state, and what the server says further of it."""
        super().__init__(text)
        self.state = state
        self.detail = detail

    @property
    def waited_too_long(self) -> bool:
        """Whether somebody else held what was asked for."""
        return self.state == _WAITED_TOO_LONG

    def as_build_error(self, place: str) -> BuildError:
        """Return it as the line and the exit code that the user gets."""
        said = f"PostgreSQL ({place}): {self}".rstrip(".")
        if self.state == _NO_ROOM_ON_SERVER:
            return MachineError(f"PostgreSQL ({place}): {NO_ROOM} on the server.")
        if self.state == _NOT_ALLOWED:
            return InputError(f"{said}. docs/postgresql.md says what the login that publishes needs.")
        if not self.state and any(words in str(self).lower() for words in _SAYS_NO):
            return InputError(f"{said}. Mend the URL, {URL_VARIABLE} or PGPASSWORD, or what the server allows.")
        if not self.state:
            return BuildError(f"{said}. Once the server answers, journey publish copies the build that is published.")
        return BuildError(f"{said} (SQLSTATE {self.state}).")


class Session:
    """One session on a server, a context manager. Each statement is a transaction of its own, but after `begin`."""

    def __init__(self, server: Server) -> None:
        """Connect.

        Raises:
            ServerError: the server is not there or lets nobody in.
        """
        # they take a tenth of a second to load, which other commands do without
        import adbc_driver_postgresql.dbapi as driver
        from adbc_driver_manager import Error

        self._server = server
        self._error = Error
        try:
            self._connection = driver.connect(server.url, autocommit=True)
        except Error as error:
            raise self._told(error) from None

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
            raise self._told(error) from None

    def execute_all(self, statements: Sequence[str]) -> None:
        """Run statements as one transaction and in one exchange with the server, however far away that is.

        Raises:
            ServerError: the server refused one of them, and so all.
        """
        self.execute(f"do {literal('begin ' + ' '.join(f'{statement};' for statement in statements) + ' end')}")

    def copy(self, schema: str, table: str, batches: "pa.RecordBatchReader") -> int:
        """Append record batches to a table, one after the other, and return how many rows it were.

        Raises:
            ServerError: the server refused a value, or ended the session.
        """
        try:
            with self._connection.cursor() as cursor:
                return int(cursor.adbc_ingest(table, batches, mode="append", db_schema_name=schema))
        except self._error as error:
            raise self._told(error) from None

    def _told(self, error: Exception) -> ServerError:
        text, state = str(error), getattr(error, "sqlstate", None) or ""
        for secret in self._server.secrets:
            text = text.replace(secret, "***")
        heading, detail = _HEADING.search(text), _DETAIL.search(text)
        if heading is not None:
            said = heading["text"]
        elif not state and re.search(r"invalid (URI|percent|port)|missing key/value|URI query", text):
            said = "the URL is not understood"
        else:
            said = first_line(text.rpartition("[libpq] ")[2]).removeprefix("Failed to connect: ")
        return ServerError(said, state, detail["text"] if detail else "")


def name(*parts: str) -> str:
    """Return the name of a relation or column, with the schema first where it has one, as SQL takes it."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def literal(text: str) -> str:
    """Return a text as a literal of SQL. PostgreSQL knows no NUL."""
    return "'" + text.replace("\0", "").replace("'", "''") + "'"
