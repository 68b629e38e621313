"""Publishing: the marts that passed, in a compact file of their own that takes the old one's place in one rename."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

from customer_journey.history import PUBLISHED, PUBLISHING
from customer_journey.paths import Output, published_mode
from customer_journey.warehouse import STORAGE_VERSION

SCHEMA = "marts"
# A table takes a block or more, and most marts are small. Half of DuckDB's own size spares a small company ten
# megabytes; still smaller blocks cost a large one more CPU than they save bytes.
BLOCK_SIZE = 131072

# each mart with its description and those of its columns
Descriptions = Mapping[str, tuple[str, Mapping[str, str]]]


def publish(output: Output, descriptions: Descriptions) -> int:
    """Copy the marts named in `descriptions` to a new file and rename it over the published one; return how many.

    A mart that is a view of other marts stays one. `descriptions` gives each mart's description and those of its
    columns, which the file keeps as comments. Whoever has the old file open keeps reading it whole.
    """
    temporary = output.publishing
    leftovers = (temporary, Path(f"{temporary}.wal"))
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    try:
        _write(output, descriptions, temporary)
        os.replace(temporary, output.published)
    except BaseException:
        # on a full disk half a file would keep the next build from having room
        for leftover in leftovers:
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)
        raise
    return len(descriptions)


def _write(output: Output, descriptions: Descriptions, temporary: Path) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{_quoted(output.warehouse)}' as warehouse (read_only)")
        connection.execute(
            f"attach '{_quoted(temporary)}' as published (storage_version '{STORAGE_VERSION}', block_size {BLOCK_SIZE})"
        )
        # on its own each of a thousand comments would be brought safely to the disk
        connection.execute("begin")
        connection.execute(f"create schema published.{SCHEMA}")
        connection.execute("use published")
        views = _views(connection)
        # tables first: a view is bound when it is made
        for mart in sorted(descriptions, key=lambda name: (name in views, name)):
            description, columns = descriptions[mart]
            relation = f"published.{SCHEMA}.{mart}"
            if mart in views:
                connection.execute(views[mart])
            else:
                connection.execute(f"create table {relation} as select * from warehouse.{SCHEMA}.{mart}")
            kind = "view" if mart in views else "table"
            connection.execute(f"comment on {kind} {relation} is '{_quoted(description)}'")
            for column, text in columns.items():
                connection.execute(f"comment on column {relation}.{column} is '{_quoted(text)}'")
        # what nobody sees before the file is in its place: in the warehouse the build is still at it
        connection.execute(
            f"update published.{SCHEMA}.audit_builds set status = '{PUBLISHED}' where status = '{PUBLISHING}'"
        )
        connection.execute("commit")
        connection.execute("use memory")
        connection.execute("detach published")
    with temporary.open("rb") as stream:
        os.fsync(stream.fileno())
    temporary.chmod(published_mode())


def _views(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the statement of each mart that is a view, which names the marts that it reads by their schema alone."""
    rows = connection.execute(
        "select view_name, sql from duckdb_views() where database_name = 'warehouse' and schema_name = ?", [SCHEMA]
    ).fetchall()
    return {name: sql.replace(f"warehouse.{SCHEMA}.", f"{SCHEMA}.") for name, sql in rows}


def _quoted(text: object) -> str:
    return str(text).strip().replace("'", "''")
