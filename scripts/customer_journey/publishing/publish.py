"""Publishing on DuckDB: writes the checked marts to a compact separate file and renames it over the published one."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

from customer_journey.operations.history import PUBLISHED, PUBLISHING
from customer_journey.paths import Output, published_mode
from customer_journey.warehouse import STORAGE_VERSION

SCHEMA = "marts"
# Each table needs at least one block, and most marts are small. Half of DuckDB's default size saves a small company ten
# megabytes; still smaller blocks would cost a large company CPU time without saving much.
BLOCK_SIZE = 131072

# for each mart, its description and the descriptions of its columns
Descriptions = Mapping[str, tuple[str, Mapping[str, str]]]


def publish(output: Output, descriptions: Descriptions) -> int:
    """Copy the marts named in `descriptions` to a new file and rename it over the published one; return their number.

    A mart that is a view of other marts remains a view. The file stores the descriptions of marts and columns as
    comments. Readers that have the old file open keep reading the complete old file.
    """
    temporary = output.publishing
    leftovers = (temporary, Path(f"{temporary}.wal"))
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    try:
        _write(output, descriptions, temporary)
        os.replace(temporary, output.published)
    except BaseException:
        # on a full disk, a partial file would take the space that the next build needs
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
        # one transaction: otherwise each of a thousand comments would be flushed to the disk separately
        connection.execute("begin")
        connection.execute(f"create schema published.{SCHEMA}")
        connection.execute("use published")
        views = _views(connection)
        # tables first: a view can only be created after the tables it reads
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
        # mark the build as published in the copy only: readers see it after the rename, while the build still runs
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
    """Return the SQL of each mart that is a view; it names other marts only by schema, so it is valid in any file."""
    rows = connection.execute(
        "select view_name, sql from duckdb_views() where database_name = 'warehouse' and schema_name = ?", [SCHEMA]
    ).fetchall()
    return {name: sql.replace(f"warehouse.{SCHEMA}.", f"{SCHEMA}.") for name, sql in rows}


def _quoted(text: object) -> str:
    return str(text).strip().replace("'", "''")
