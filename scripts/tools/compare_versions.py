"""Compares published files of two versions whose ids differ: `python scripts/tools/compare_versions.py OLD NEW`.

Until version 0.3 hashed ids had 64 hex digits; now they have the first 32 of the same digits, so they are shortened. An
id that was hashed from another hashed id changed completely: it is matched through the other columns of its row. The
translated ids go to a copy of OLD, which is then compared with NEW as `journey diff` does.
"""

import sys
import tempfile
from pathlib import Path

import click
import duckdb
from customer_journey.comparison.compare import ABOUT_BUILDS, Comparison, compare_marts
from customer_journey.publishing.publish import SCHEMA
from customer_journey.warehouse import quoted
from rich.console import Console
from rich.table import Table

_LONG_ID = "[0-9a-f]{64}"
_DIGITS = 32


def shorten_ids(old: Path, new: Path, copy: Path) -> list[str]:
    """Copy the marts of `old` to the file `copy` with the ids of `new`; return the ids matched through their rows."""
    with duckdb.connect(str(copy)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, file in (("old", old), ("new", new)):
            connection.execute(f"attach '{quoted(file)}' as {name} (read_only)")
        connection.execute(f"create schema {SCHEMA}")
        olds, news = _marts(connection, "old"), _marts(connection, "new")
        for mart, columns in olds.items():
            shortened = ", ".join(_shortened(column, kind) for column, kind in columns.items())
            connection.execute(f"create table {SCHEMA}.{mart} as select {shortened} from old.{SCHEMA}.{mart}")
        translated: dict[str, str] = {}
        # conversions first: other ids are hashed from theirs
        for mart in sorted(
            olds.keys() & news.keys() - ABOUT_BUILDS, key=lambda name: (name != "fct_conversions", name)
        ):
            key, *rest = (column for column in olds[mart] if column in news[mart])
            # match an id in one mart only: rows that merely refer to it identify it less well
            if key in translated or not _pairs(connection, mart, key, rest):
                continue
            translated[key] = f"{mart}.{key}"
            for holder in (name for name, columns in olds.items() if key in columns):
                connection.execute(
                    f'update {SCHEMA}.{holder} set "{key}" = pairs.new_id from pairs where "{key}" = pairs.old_id'
                )
    return list(translated.values())


def _marts(connection: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, dict[str, str]]:
    """Return the columns of each mart with their types."""
    rows = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where database_name = ? and schema_name = ? order by table_name, column_index",
        [catalog, SCHEMA],
    ).fetchall()
    marts: dict[str, dict[str, str]] = {}
    for mart, column, kind in rows:
        marts.setdefault(mart, {})[column] = kind
    return marts


def _shortened(column: str, kind: str) -> str:
    if kind != "VARCHAR":
        return f'"{column}"'
    name = f'"{column}"'
    return f"case when regexp_full_match({name}, '{_LONG_ID}') then left({name}, {_DIGITS}) else {name} end as {name}"


def _pairs(connection: duckdb.DuckDBPyConnection, mart: str, key: str, others: list[str]) -> int:
    """Create the table `pairs`: ids only in the old and only in the new mart whose rows are otherwise equal.

    Floats are not compared, and rows that are equal to several others are not paired.
    """
    kinds = _marts(connection, "new")[mart]
    rest = [column for column in others if kinds[column] not in ("DOUBLE", "FLOAT")]
    if not rest or kinds[key] != "VARCHAR":
        return 0
    listed = ", ".join(f'"{column}"' for column in rest)
    alone = {
        "old": f'select * from {SCHEMA}.{mart} anti join new.{SCHEMA}.{mart} using ("{key}")',
        "new": f'select * from new.{SCHEMA}.{mart} anti join {SCHEMA}.{mart} using ("{key}")',
    }
    single = {
        side: f'select {listed}, min("{key}") as {side}_id from ({rows}) group by all having count(*) = 1'
        for side, rows in alone.items()
    }
    matched = " and ".join(f'olds."{column}" is not distinct from news."{column}"' for column in rest)
    connection.execute(
        f"create or replace temp table pairs as select old_id, new_id from ({single['old']}) as olds"
        f" inner join ({single['new']}) as news on {matched}"
    )
    row = connection.execute("select count(*) from pairs").fetchone()
    assert row is not None
    return int(row[0])


def print_comparisons(console: Console, comparisons: list[Comparison]) -> None:
    """Print a line for each mart, then examples of differing rows."""
    table = Table("mart", "equal", "differ", "by", "columns not compared", box=None)
    for mart in comparisons:
        columns = [f"{column} (one side alone)" for column in mart.columns_alone] + list(mart.columns_left_out)
        shared = (f"{mart.equal:,}", f"{mart.rows:,}", ", ".join(mart.key)) if mart.is_shared else ("", "", "")
        table.add_row(mart.mart, *shared, ", ".join(columns))
    console.print(table)
    for mart in comparisons:
        for example in mart.examples:
            console.print(f"{mart.mart}: {example}", markup=False, highlight=False, soft_wrap=True)


@click.command()
@click.argument("old", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--without", multiple=True, help="A column (mart.column) that is known to differ. It is listed, but not compared."
)
@click.option("--examples", type=click.IntRange(min=1), default=3, show_default=True, help="Rows shown a mart.")
def compare_versions(old: Path, new: Path, without: tuple[str, ...], examples: int) -> None:
    """Compare two published files of different versions row by row; exit with 1 if rows differ or a mart is missing."""
    # output to a file has no terminal width: do not cut the tables
    console = Console(width=None if sys.stdout.isatty() else 220)
    with tempfile.TemporaryDirectory(dir=new.parent) as folder:
        copy = Path(folder) / "translated.duckdb"
        translated = shorten_ids(old, new, copy)
        comparisons = list(compare_marts(copy, new, examples, left_out=without))
    print_comparisons(console, comparisons)
    differing = [mart for mart in comparisons if mart.rows or not mart.is_shared]
    if translated:
        console.print(f"ids translated by the rest of their rows: {', '.join(translated)}")
    console.print(f"{sum(mart.is_shared for mart in comparisons)} marts compared, rows of {len(differing)} differ")
    sys.exit(bool(differing))


if __name__ == "__main__":
    compare_versions()
