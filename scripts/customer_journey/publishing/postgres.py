"""Publishing to PostgreSQL: the published marts, copied to a database that BI tools read.

The marts are copied to the schema `marts_next`, with keys, comments and grants, which is then swapped with `marts` by
a rename. The old schema is dropped afterwards; if somebody still reads it, the next run drops it.

A rename alone is not enough: PostgreSQL looks up the tables of a statement one after the other, so a statement could
read one mart of the old build and another of the new one (this happened in about one swap in thirty, with more readers
than cores). Therefore a second session locks the new tables during the swap. A statement that has a mart of the old
build and waits for a locked mart of the new one is mixing builds; then the rename is undone and tried again.
"""

import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

import duckdb

from customer_journey.errors import BuildError, InputError, LockedError
from customer_journey.paths import Output
from customer_journey.publishing.declared_marts import DeclaredMart, declared_marts
from customer_journey.publishing.postgres_server import Server, ServerError, Session, literal, name
from customer_journey.publishing.publish import SCHEMA
from customer_journey.publishing.published import attach_marts, published_file, reading_marts
from customer_journey.warehouse import quoted_name

BUILDING = f"{SCHEMA}_next"
READER = "journey_reader"
READER_VARIABLE = "JOURNEY_POSTGRES_READER"
# The comments of our schemas begin so; a schema marts_next or marts_old_… without such a comment is left alone.
_OURS = "customer_journey: "
# Advisory locks: held by a process that publishes, and by readers whose statements must all see the same build.
_PUBLISHERS, _READERS = (f"hashtext('customer_journey.{what}')" for what in ("publish", "marts"))
ROWS_A_BATCH = 65_536
# a B-tree row may take 2,704 bytes; some of them are needed for the columns themselves
LONGEST_KEY = 2_500
# the longest name of PostgreSQL
_LONGEST_NAME = 63
_DROP_SECONDS, _SWAP_SECONDS = 2, 30
# The longest time to wait for statements to look up their marts: usually microseconds, more on an overloaded machine.
_LOOKUP_SECONDS = 0.5
# The most tries: transactions of several statements look as if they mixed builds, and must not block a build for ever.
_SWAPS = 40
_TIMES = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}
_TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "DATE": "date",
    "BLOB": "bytea",
}
_WIDER = {
    "UTINYINT": ("SMALLINT", "smallint"),
    "USMALLINT": ("INTEGER", "integer"),
    "UINTEGER": ("BIGINT", "bigint"),
    "UBIGINT": ("DECIMAL(20,0)", "numeric(20,0)"),
    "HUGEINT": ("DECIMAL(38,0)", "numeric(38,0)"),
}


@dataclass(frozen=True)
class Published:
    """The build that PostgreSQL holds now: its id, the number of marts, the server, and notes for the user.

    `is_new` is false if it held that build already.
    """

    build_id: str
    marts: int
    place: str
    is_new: bool
    notes: Sequence[str]


@dataclass(frozen=True)
class _Column:
    name: str
    # the SQL that DuckDB reads the column with, and the type of the column in PostgreSQL
    expression: str
    kind: str


def publish(output: Output, server: Server, reader: str, on_progress: Callable[[str, int, int], None]) -> Published:
    """Copy the published marts of an output folder to a PostgreSQL database, unless it holds that build already.

    `reader` is the role that may read them; it is created if missing. `on_progress` gets each mart, its number and the
    total.

    Raises:
        InputError: nothing is published, the database has a schema `marts` from elsewhere, or rights are missing.
        LockedError: another process is publishing there.
        BuildError: the server does not answer or ended the session; the marts published there before are unchanged.
    """
    try:
        file = published_file(output)
        with reading_marts(file) as source:
            if "build_info" not in attach_marts(source, "source", file):
                raise InputError(f"{file}: lacks the table build_info, so its build is unknown. Build again.")
            with Session(server) as session, Session(server) as guard:
                return _Publication(source, session, guard, server.place, reader).run(on_progress)
    except ServerError as error:
        raise error.as_build_error(server.place) from error


class _Publication:
    def __init__(
        self, source: duckdb.DuckDBPyConnection, session: Session, guard: Session, place: str, reader: str
    ) -> None:
        self._source = source
        self._session = session
        # locks the new tables during the swap
        self._guard = guard
        self._place = place
        self._reader = reader
        self._notes: list[str] = []
        self._declared = declared_marts()
        self._marts = [
            mart
            for (mart,) in source.execute(
                "select view_name from duckdb_views() where schema_name = 'source' order by view_name"
            ).fetchall()
        ]
        row = source.execute("select build_id from source.build_info").fetchone()
        self._build_id = str(row[0]) if row else ""

    def run(self, on_progress: Callable[[str, int, int], None]) -> Published:
        self._check_server()
        if not self._one(f"pg_try_advisory_lock({_PUBLISHERS})"):
            raise LockedError(f"PostgreSQL ({self._place}): another process is publishing there. Wait for it to end.")
        standing = self._standing()
        has_reader = self._make_reader()
        result = partial(Published, self._build_id, len(self._marts), self._place)
        if standing == self._build_id:
            if has_reader:
                self._session.execute_all(self._grants(SCHEMA))
            self._drop_old()
            return result(is_new=False, notes=self._notes)
        if self._has_schema(BUILDING):
            self._drop(BUILDING)
        self._session.execute_all(
            [f"create schema {name(BUILDING)}", self._comment_schema(BUILDING, f"build {self._build_id}")]
        )
        keys = {}
        for number, mart in enumerate(self._marts, start=1):
            on_progress(mart, number, len(self._marts))
            keys[mart] = self._copy(mart, self._declared.get(mart, DeclaredMart()))
        finish = self._references(keys) + (self._grants(BUILDING) if has_reader else [])
        if finish:
            self._session.execute_all(finish)
        self._swap(standing)
        self._drop_old()
        return result(is_new=True, notes=self._notes)

    def _one(self, expression: str) -> object:
        ((value,),) = self._session.query(f"select {expression}")
        return value

    def _check_server(self) -> None:
        if (encoding := self._one("current_setting('server_encoding')")) != "UTF8":
            raise InputError(
                f"PostgreSQL ({self._place}): its encoding is {encoding}, which lacks some letters. Create the "
                "database with encoding 'UTF8' and template template0."
            )

    def _has_schema(self, schema: str) -> bool:
        """Return whether this schema exists; refuse one that was not published from here."""
        rows = self._session.query(
            "select coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace"
            f" where nspname = {literal(schema)}"
        )
        if rows and not str(rows[0][0]).startswith(_OURS):
            raise InputError(
                f"PostgreSQL ({self._place}): the schema {schema} was not published from here. Rename it, or choose "
                "another database."
            )
        return bool(rows)

    def _standing(self) -> str | None:
        """Return the build in the schema `marts`; '' if the schema is empty, None if there is none."""
        if self._one(f"to_regnamespace({literal(SCHEMA)})") is None:
            return None
        if not self._one(f"count(*) from pg_class where relnamespace = {literal(SCHEMA)}::regnamespace"):
            return ""
        columns = self._session.query(
            "select attname::text from pg_attribute inner join pg_class on pg_class.oid = attrelid"
            f" where relnamespace = {literal(SCHEMA)}::regnamespace and relname = 'build_info'"
        )
        if ("build_id",) not in columns:
            raise InputError(
                f"PostgreSQL ({self._place}): its schema {SCHEMA} was not published from here (no build_info). Rename "
                "it, or choose another database."
            )
        rows = self._session.query(f"select build_id from {name(SCHEMA, 'build_info')}")
        return str(rows[0][0]) if rows else ""

    def _make_reader(self) -> bool:
        """Create the role of readers if it is missing; if that is not allowed, add a note and return False."""
        if self._one(f"count(*) from pg_roles where rolname = {literal(self._reader)}"):
            return True
        try:
            self._session.execute(f"create role {name(self._reader)} nologin")
        except ServerError as error:
            if error.state == "42710":
                return True
            if error.state != "42501":
                raise
            self._notes.append(
                f"role {self._reader} does not exist, and this login may not create it, so only the owner can read "
                f"{SCHEMA}: have an administrator run create role {self._reader} nologin, then publish again"
            )
            return False
        return True

    def _grants(self, schema: str) -> list[str]:
        return [
            f"grant usage on schema {name(schema)} to {name(self._reader)}",
            f"grant select on all tables in schema {name(schema)} to {name(self._reader)}",
        ]

    def _comment_schema(self, schema: str, text: str) -> str:
        return f"comment on schema {name(schema)} is {literal(_OURS + text)}"

    def _copy(self, mart: str, declared: DeclaredMart) -> Sequence[str]:
        """Create and fill one mart; return its primary key, () if it has none."""
        table = name(BUILDING, mart)
        columns = [
            _column(column, kind) for column, kind, *_ in self._source.execute(f'describe source."{mart}"').fetchall()
        ]
        typed = ", ".join(f"{name(column.name)} {column.kind}" for column in columns)
        comments = self._comments(mart, {column.name for column in columns}, declared)
        self._session.execute_all([f"create table {table} ({typed})", *comments])
        selected = ", ".join(f"{column.expression} as {quoted_name(column.name)}" for column in columns)
        batches = self._source.sql(f'select {selected} from source."{mart}"').to_arrow_reader(ROWS_A_BATCH)
        self._session.copy(BUILDING, mart, batches)
        key, statements = self._indexes(mart, columns, declared)
        try:
            self._session.execute_all([*statements, f"analyze {table}"])
        except ServerError as error:
            if error.state not in ("23505", "23502"):
                raise
            raise InputError(
                f"PostgreSQL ({self._place}): {mart} has rows with the same or an empty key "
                f"({', '.join(declared.key)}). Another version of the project built it: build again with this one."
            ) from error
        return key

    def _comments(self, mart: str, columns: Collection[str], declared: DeclaredMart) -> list[str]:
        """Return the comments of a mart and its columns, from the published file, or from the project after Spark."""
        rows = self._source.execute(
            "select null, comment from duckdb_tables() where database_name = 'file_source' and table_name = $1"
            " union all select null, comment from duckdb_views() where database_name = 'file_source' and view_name = $1"
            " union all select column_name, comment from duckdb_columns()"
            " where database_name = 'file_source' and table_name = $1",
            [mart],
        ).fetchall()
        texts = dict(rows) or {None: declared.description, **declared.columns}
        return [
            f"comment on {f'column {name(BUILDING, mart, column)}' if column else f'table {name(BUILDING, mart)}'}"
            f" is {literal(text.strip())}"
            for column, text in texts.items()
            if text and (column is None or column in columns)
        ]

    def _indexes(
        self, mart: str, columns: Sequence[_Column], declared: DeclaredMart
    ) -> tuple[Sequence[str], list[str]]:
        """Return the primary key, and the statements for it and the indexes on foreign ids and on the time of a fact.

        If a column of the key may be null, a unique index replaces the primary key. An index is left out if its texts
        are too long.
        """
        table, kinds = name(BUILDING, mart), {column.name: column.kind for column in columns}
        time_column = next((column.name for column in columns if column.kind == "timestamp with time zone"), None)
        singles = [column for column in declared.references if column.endswith("_id")]
        if mart.startswith("fct_") and time_column:
            singles.append(time_column)
        key = tuple(declared.key) if set(declared.key) <= kinds.keys() else ()
        wanted = [key] if key else []
        wanted += [(column,) for column in singles if column in kinds and column != next(iter(key), None)]
        fits = self._fit(mart, wanted, {column for column, kind in kinds.items() if kind == "text"})
        statements = []
        has_primary_key = key in fits and not declared.may_be_null
        for index in fits:
            listed = ", ".join(map(name, index))
            if index != key:
                statements.append(f"create index on {table} ({listed})")
            elif has_primary_key:
                statements.append(f"alter table {table} add primary key ({listed})")
            else:
                statements.append(f"create unique index on {table} ({listed})")
        return key if has_primary_key else (), statements

    def _fit(self, mart: str, indexes: Sequence[Sequence[str]], texts: Collection[str]) -> list[Sequence[str]]:
        """Return the indexes whose texts are short enough in every row."""
        if not indexes:
            return []
        lengths = ", ".join(
            "coalesce(max("
            + " + ".join(["0", *(f"coalesce(strlen({quoted_name(column)}), 0)" for column in index if column in texts)])
            + "), 0)"
            for index in indexes
        )
        row = self._source.execute(f'select {lengths} from source."{mart}"').fetchone()
        assert row is not None
        return [index for index, length in zip(indexes, row, strict=True) if length <= LONGEST_KEY]

    def _references(self, keys: dict[str, Sequence[str]]) -> list[str]:
        """Return the foreign keys, which BI tools use to join marts. dbt has tested them, so the server need not."""
        statements = []
        for mart in keys:
            declared = self._declared.get(mart, DeclaredMart())
            columns = {row[0] for row in self._source.execute(f'describe source."{mart}"').fetchall()}
            statements += [
                f"alter table {name(BUILDING, mart)} add foreign key ({name(column)})"
                f" references {name(BUILDING, to)} ({name(referred)}) not valid"
                for column, (to, referred) in declared.references.items()
                if column in columns and tuple(keys.get(to, ())) == (referred,)
            ]
        return statements

    def _swap(self, standing: str | None) -> None:
        """Replace the old marts by the new ones in such a way that no statement sees marts of both builds."""
        to_new = [f"alter schema {name(BUILDING)} rename to {name(SCHEMA)}"]
        if standing is None:
            self._session.execute_all(to_new)
            return
        old = self._free_name(standing)
        rename = [
            # wait for readers that hold the lock to see one build in several statements
            f"set local lock_timeout = '{_SWAP_SECONDS}s'",
            f"perform pg_advisory_xact_lock({_READERS})",
            f"alter schema {name(SCHEMA)} rename to {name(old)}",
            self._comment_schema(old, "replaced"),
            *to_new,
        ]
        undo = [
            f"alter schema {name(SCHEMA)} rename to {name(BUILDING)}",
            f"alter schema {name(old)} rename to {name(SCHEMA)}",
        ]
        tables = ", ".join(name(BUILDING, mart) for mart in self._marts)
        self._guard.execute(f"set lock_timeout = '{_SWAP_SECONDS}s'")
        for swaps_left in reversed(range(_SWAPS)):
            self._guard.execute("begin")
            try:
                self._guard.execute(f"lock table {tables} in access exclusive mode")
                self._session.execute_all(rename)
                if not swaps_left or not self._mixes(old):
                    return
                self._session.execute_all(undo)
            except ServerError as error:
                if error.lock_timed_out:
                    raise BuildError(
                        f"PostgreSQL ({self._place}): a reader has locked the previous build for more than "
                        f"{_SWAP_SECONDS} s (docs/postgresql.md). Publish again later: journey publish."
                    ) from error
                raise
            finally:
                self._guard.execute("rollback")
            time.sleep(0.02)

    def _mixes(self, old: str) -> bool:
        """Return whether a statement has looked up a mart of the old build and now waits for one of the new.

        Statements that are still looking up their marts are waited for: within that time all but long-running readers
        have either ended or reached the lock.
        """
        until = time.monotonic() + _LOOKUP_SECONDS
        while True:
            rows = self._session.query(
                "select bool_or(not granted) from pg_locks inner join pg_class on pg_class.oid = relation"
                " where locktype = 'relation' and mode = 'AccessShareLock' and pid <> pg_backend_pid()"
                " and database = (select oid from pg_database where datname = current_database())"
                f" and relnamespace in ({literal(old)}::regnamespace, {literal(SCHEMA)}::regnamespace)"
                f" group by pid having bool_or(granted and relnamespace = {literal(old)}::regnamespace)"
            )
            if any(waits for (waits,) in rows):
                return True
            if not rows or time.monotonic() > until:
                return False
            time.sleep(0.005)

    def _free_name(self, build_id: str) -> str:
        stem = re.sub(r"\W", "_", f"{SCHEMA}_old_{build_id.lower()}", flags=re.ASCII)[: _LONGEST_NAME - 4]
        taken = {row[0] for row in self._session.query("select nspname::text from pg_namespace")}
        return next(free for number in range(1000) if (free := f"{stem}_{number}" if number else stem) not in taken)

    def _drop_old(self) -> None:
        """Drop the schemas of earlier builds; one that is being read, or that other objects use, is left for later."""
        rows = self._session.query(
            f"select nspname::text from pg_namespace where nspname like {literal(SCHEMA)} || '\\_old\\_%'"
            f" and starts_with(obj_description(oid, 'pg_namespace'), {literal(_OURS)}) order by nspname"
        )
        for (schema,) in rows:
            try:
                self._drop(schema)
            except ServerError as error:
                if error.lock_timed_out:
                    self._notes.append(f"schema {schema} is still being read: the next run drops it")
                elif error.state == "2BP01":
                    why = f" ({error.detail.rstrip('.')})" if error.detail else ""
                    self._notes.append(
                        f"schema {schema} of an old build cannot be dropped, because other objects use it{why}. Drop "
                        f"those, publish again, and create them again on {SCHEMA}"
                    )
                else:
                    # the new build is published: a leftover schema, for example of another login, is only a warning
                    self._notes.append(f"schema {schema} cannot be dropped: {error}")

    def _drop(self, schema: str) -> None:
        rows = self._session.query(
            f"select relname::text from pg_class where relnamespace = {literal(schema)}::regnamespace and relkind = 'r'"
        )
        tables = ", ".join(name(schema, table) for (table,) in sorted(rows))
        self._session.execute_all(
            [
                f"set local lock_timeout = '{_DROP_SECONDS}s'",
                *([f"drop table {tables}"] if tables else []),
                f"drop schema {name(schema)}",
            ]
        )


def _column(column: str, kind: str) -> _Column:
    """Return the expression and the PostgreSQL type for a column of this DuckDB type."""
    source = quoted_name(column)
    if kind in _TIMES:
        return _Column(column, f"cast({source} as timestamptz)", "timestamp with time zone")
    if kind in _WIDER:
        between, wider = _WIDER[kind]
        return _Column(column, f"cast({source} as {between})", wider)
    if kind.startswith("DECIMAL"):
        return _Column(column, source, kind.replace("DECIMAL", "numeric"))
    if kind in _TYPES:
        return _Column(column, source, _TYPES[kind])
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")) or kind == "JSON":
        return _Column(column, f"cast(to_json({source}) as varchar)", "json")
    # texts in PostgreSQL cannot hold NUL
    return _Column(column, f"replace(cast({source} as varchar), chr(0), chr(65533))", "text")
