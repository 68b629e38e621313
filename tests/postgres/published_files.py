"""Hand-made published files, with marts that the project declares."""

from pathlib import Path

import duckdb
from customer_journey.paths import Output


def output_with(root: Path, *statements: str) -> Output:
    """Write OUT/journey.duckdb with the tables that the statements create in schema `marts`."""
    output = Output(root)
    root.mkdir(exist_ok=True)
    output.published.unlink(missing_ok=True)
    with duckdb.connect(str(output.published)) as connection:
        connection.execute("create schema marts")
        for statement in statements:
            connection.execute(statement)
    return output


def build_info(build_id: str) -> str:
    """Return the statement that creates build_info with the id of the build."""
    return f"create table marts.build_info as select '{build_id}' as build_id, timestamp '2026-06-30 17:00:00' as as_of"


def numbered_build(root: Path, number: int) -> Output:
    """Write build n: n times a hundred orders and persons, with n in each row."""
    rows = f"from range({100 * number}) as rows(i)"
    return output_with(
        root,
        build_info(f"build {number:03}"),
        f"create table marts.dim_persons as select 'p' || i as person_id, {number} as number {rows}",
        f"create table marts.fct_orders as select 'o' || i as order_id, 'p' || i as person_id, {number} as number,"
        f" timestamp '2026-01-01' + to_hours(i) as ordered_at {rows}",
        "create view marts.journey_positions as select 'tos' as framework, person_id, number from marts.dim_persons",
    )
