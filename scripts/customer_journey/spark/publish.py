"""Publishing on Spark: each build's marts are in a separate database; the views in `marts` switch to it atomically.

Spark's plain tables have no transaction over several tables. So for a moment the views contain both the old and the new
build, and a single view, `marts.current_build`, selects one of them: replacing it is one atomic step.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from customer_journey.publishing.publish import SCHEMA, Descriptions
from customer_journey.spark.connection import BUILDING, SparkConnection, describe, literal, tables_in, views_in

POINTER = "current_build"
# Match the whole name: otherwise a user's own database such as marts_2024 would be dropped with all its tables.
_OF_A_BUILD = re.compile(rf"{SCHEMA}_\d{{8}}t\d{{6}}(_\d+)?z")


def publish_on_spark(
    spark: SparkConnection, build_id: str, descriptions: Descriptions, keep_before: bool
) -> dict[str, str]:
    """Copy the marts named in `descriptions` to this build's database, switch the views to it, return its folders.

    With `keep_before` the previous build is kept until the next one, for queries that are still reading it.
    """
    spark.execute(f"create schema if not exists {SCHEMA}")
    before = published_database(spark)
    database = f"{SCHEMA}_{build_id.lower().replace('.', '_')}"
    spark.execute(f"create schema {database}")
    for mart, described in sorted(descriptions.items()):
        _copy(spark, mart, database, *described)
    views = views_in(spark, SCHEMA)
    if before is not None:
        for mart in sorted(descriptions):
            _point(spark, mart, _either(spark, mart, before, database), views)
    _point(spark, POINTER, f"select '{database}' as build_database", views)
    for mart, (description, _) in sorted(descriptions.items()):
        _point(spark, mart, f"select * from {database}.{mart}", views)
        spark.execute(f"alter view {SCHEMA}.{mart} set tblproperties ('comment' = {literal(description.strip())})")
    _drop_leftovers(spark, keep={database, before if keep_before else None}, marts=set(descriptions))
    location = dict(row[:2] for row in spark.execute(f"describe database {database}"))["Location"]
    folder = unquote(str(location).removeprefix("file:"))
    return {mart: f"{folder}/{mart}" for mart in sorted(descriptions)}


def published_database(spark: SparkConnection) -> str | None:
    """Return the database that the published views read from; None before the first published build."""
    if not spark.execute(f"show databases like '{SCHEMA}'"):
        return None
    if POINTER not in views_in(spark, SCHEMA):
        return None
    return str(spark.execute(f"select build_database from {SCHEMA}.{POINTER}")[0][0])


def _copy(spark: SparkConnection, mart: str, database: str, description: str, columns: Mapping[str, str]) -> None:
    typed = ", ".join(
        f"{name} {kind} comment {literal(columns.get(name, '').strip())}"
        for name, kind in describe(spark, f"{BUILDING}.{mart}")[0]
    )
    spark.execute(f"create table {database}.{mart} ({typed}) using parquet comment {literal(description.strip())}")
    spark.execute(f"insert into {database}.{mart} select * from {BUILDING}.{mart}")


def _point(spark: SparkConnection, view: str, query: str, views: set[str]) -> None:
    """Replace the query of a view atomically.

    `create or replace` would drop the view first, so that a query at that moment would fail.
    """
    if view in views:
        spark.execute(f"alter view {SCHEMA}.{view} as {query}")
    else:
        spark.execute(f"create view {SCHEMA}.{view} as {query}")
        views.add(view)


def _either(spark: SparkConnection, mart: str, before: str, database: str) -> str:
    """Return a query that reads a mart from the build current at planning time, with the columns of the new build."""
    columns, _ = describe(spark, f"{database}.{mart}")
    counting = f"(select build_database from {SCHEMA}.{POINTER})"
    arms = [f"select * from {database}.{mart} where {counting} = '{database}'"]
    if mart in tables_in(spark, before):
        had = {name for name, _ in describe(spark, f"{before}.{mart}")[0]}
        selected = ", ".join(name if name in had else f"cast(null as {kind}) as {name}" for name, kind in columns)
        arms.append(
            f"select {selected} from {before}.{mart} where (select build_database from {SCHEMA}.{POINTER}) = '{before}'"
        )
    return " union all ".join(arms)


def _drop_leftovers(spark: SparkConnection, keep: set[str | None], marts: set[str]) -> None:
    for view in sorted(views_in(spark, SCHEMA) - {*marts, POINTER}):
        spark.execute(f"drop view {SCHEMA}.{view}")
    for (database,) in spark.execute("show databases"):
        if _OF_A_BUILD.fullmatch(database) and database not in keep:
            spark.execute(f"drop database {database} cascade")
