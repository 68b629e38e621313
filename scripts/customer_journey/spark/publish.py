"""Publishing on Spark: each build's marts in a database of their own, and views in `marts` that change over at once.

Spark's plain tables know no transaction over several of them. So the views name the old and the new build side by side
for a moment, and one view, `marts.current_build`, says which of them counts: putting that in place is one step.
"""

from customer_journey.publish import SCHEMA, Descriptions
from customer_journey.spark.connection import BUILDING, SparkConnection, literal

POINTER = f"{SCHEMA}.current_build"


def publish_on_spark(
    spark: SparkConnection, build_id: str, descriptions: Descriptions, keep_before: bool
) -> dict[str, str]:
    """Copy the marts named in `descriptions` to a database of this build and let the views read from it.

    Returns each mart's folder.

    With `keep_before` the build before is kept until the next one, for queries that are still reading it.
    """
    spark.execute(f"create schema if not exists {SCHEMA}")
    before = published_database(spark)
    database = f"{SCHEMA}_{build_id.lower().replace('.', '_')}"
    spark.execute(f"create schema {database}")
    for mart in sorted(descriptions):
        spark.execute(f"create table {database}.{mart} using parquet as select * from {BUILDING}.{mart}")
    if before is not None:
        for mart in sorted(descriptions):
            spark.execute(f"create or replace view {SCHEMA}.{mart} as {_either(spark, mart, before, database)}")
    spark.execute(f"create or replace view {POINTER} as select '{database}' as build_database")
    for mart, (description, columns) in sorted(descriptions.items()):
        named = ", ".join(
            f"{name} comment {literal(columns.get(name, '').strip())}"
            for name, _ in _columns(spark, f"{database}.{mart}")
        )
        spark.execute(
            f"create or replace view {SCHEMA}.{mart} ({named}) comment {literal(description.strip())}"
            f" as select * from {database}.{mart}"
        )
    _drop_leftovers(spark, keep={database, before if keep_before else None}, marts=set(descriptions))
    location = dict(row[:2] for row in spark.execute(f"describe database {database}"))["Location"]
    folder = str(location).removeprefix("file:")
    return {mart: f"{folder}/{mart}" for mart in sorted(descriptions)}


def published_database(spark: SparkConnection) -> str | None:
    """Return the database that the published views read from, None before the first build was published."""
    if not spark.execute(f"show databases like '{SCHEMA}'"):
        return None
    if not spark.execute(f"show views in {SCHEMA} like 'current_build'"):
        return None
    return str(spark.execute(f"select build_database from {POINTER}")[0][0])


def _either(spark: SparkConnection, mart: str, before: str, database: str) -> str:
    """Select a mart from the build that counts when the query is planned, in the columns of the new one."""
    columns = _columns(spark, f"{database}.{mart}")
    arms = [f"select * from {database}.{mart} where (select build_database from {POINTER}) = '{database}'"]
    if spark.execute(f"show tables in {before} like '{mart}'"):
        had = {name for name, _ in _columns(spark, f"{before}.{mart}")}
        selected = ", ".join(name if name in had else f"cast(null as {kind}) as {name}" for name, kind in columns)
        arms.append(f"select {selected} from {before}.{mart} where (select build_database from {POINTER}) = '{before}'")
    return " union all ".join(arms)


def _columns(spark: SparkConnection, relation: str) -> list[tuple[str, str]]:
    return [(str(row[0]), str(row[1])) for row in spark.execute(f"describe table {relation}")]


def _drop_leftovers(spark: SparkConnection, keep: set[str | None], marts: set[str]) -> None:
    for row in spark.execute(f"show views in {SCHEMA}"):
        if row[1] not in marts and f"{SCHEMA}.{row[1]}" != POINTER:
            spark.execute(f"drop view {SCHEMA}.{row[1]}")
    for (database,) in spark.execute(f"show databases like '{SCHEMA}_2*'"):
        if database not in keep:
            spark.execute(f"drop database {database} cascade")
