"""The query of an audience: what it may read, and the persons that it selects."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from customer_journey.errors import InputError, exhausted_resource, is_damage
from customer_journey.paths import Output
from customer_journey.publishing.publish import SCHEMA
from customer_journey.publishing.published import reading_marts
from customer_journey.raw.mapping import did_you_mean_one
from customer_journey.warehouse import quoted

# table functions that read nothing but their arguments
_HARMLESS = ("unnest", "range", "generate_series")
# the node types of a parsed query that read rows
_READS = {"BASE_TABLE", "TABLE_FUNCTION", "SHOW_REF", "PIVOT", "COLUMN_DATA", "BOUND_TABLE_REF", "DELIM_GET"}


def persons_of(output: Output, query: str) -> pa.Table:
    """Return the distinct person_ids of a query over the published marts: `where …` or a whole SELECT.

    Raises:
        InputError: it is not valid SQL, not a single statement, or reads anything but marts.
    """
    with reading_marts(output.published) as connection:
        connection.execute(f"attach '{quoted(output.published)}' as published (read_only)")
        connection.execute(f"use published.{SCHEMA}")
        # from here on the query can read nothing but the attached file
        for setting in ("enable_external_access = false", "python_enable_replacements = false"):
            connection.execute(f"set {setting}")
        connection.execute("set lock_configuration = true")
        marts = {
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables"
                " where table_catalog = 'published' and table_schema = ?",
                [SCHEMA],
            ).fetchall()
        }
        statement = _statement(connection, query, marts)
        try:
            found = connection.sql(statement).to_arrow_table()
        except duckdb.Error as error:
            if exhausted_resource(error) or is_damage(error):
                raise
            raise InputError(
                f"{short_query(query)}: {_one_line(error)}{_marts_with_column(connection, error)}"
            ) from error
    return found


def _statement(connection: duckdb.DuckDBPyConnection, query: str, marts: set[str]) -> str:
    """Return the SELECT of distinct person_ids for a query, after checking that it reads only marts."""
    text = query.strip().rstrip(";").strip()
    first = (re.match(r"[a-z]*", text, re.IGNORECASE) or [""])[0].lower()
    if first in ("select", "with", "from"):
        tree = _parsed(connection, text, query)
        _refuse_other_tables(tree, query, marts)
        return (
            f"select distinct cast(person_id as varchar) as person_id from (\n{text}\n)"
            " where cast(person_id as varchar) <> 'unknown'"
        )
    if first != "where":
        raise InputError(
            f"{short_query(query)}: begins with neither where nor select. Write for example “where is_known and"
            f" current_stage = 'customer'”, or “select person_id from {SCHEMA}.fct_orders where …”."
        )
    condition = text[len("where") :]
    tree = _parsed(connection, f"select 1 from dim_persons where (\n{condition}\n)", query)
    if tree["statements"][0]["node"]["type"] != "SELECT_NODE":
        raise InputError(f"{short_query(query)}: is not a single condition. For a union, write a whole select.")
    joins = "".join(
        f" left join {SCHEMA}.{mart} using (person_id)" for mart in _named_marts(connection, tree, query, marts)
    )
    statement = (
        f"select distinct dim_persons.person_id from {SCHEMA}.dim_persons{joins}\n"
        f"where dim_persons.person_id <> 'unknown' and (\n{condition}\n)"
    )
    # a condition that closes the bracket would show here as a second statement or another table
    _refuse_other_tables(_parsed(connection, statement, query), query, marts)
    return statement


def _parsed(connection: duckdb.DuckDBPyConnection, statement: str, query: str) -> dict[str, Any]:
    ((serialised,),) = connection.execute("select json_serialize_sql(?)", [statement]).fetchall()
    tree: dict[str, Any] = json.loads(serialised)
    if tree["error"]:
        if tree.get("error_type") == "parser":
            raise InputError(f"{short_query(query)}: is not valid SQL of DuckDB ({tree['error_message']}).")
        raise InputError(f"{short_query(query)}: is not a SELECT. Only a SELECT is allowed, since it changes nothing.")
    if len(tree["statements"]) != 1:
        raise InputError(f"{short_query(query)}: holds several statements. Write one.")
    return tree


def _named_marts(
    connection: duckdb.DuckDBPyConnection, tree: Mapping[str, Any], query: str, marts: set[str]
) -> list[str]:
    """Return the marts that a condition names before a column, such as `kpi_clv.…`; not those of a subquery."""
    read = {str(node["table_name"]).lower() for node in _nodes(tree) if node.get("type") == "BASE_TABLE"}
    named = set()
    for node in _nodes(tree):
        if node.get("type") == "COLUMN_REF" and len(node["column_names"]) > 1:
            parts = [part.lower() for part in node["column_names"]]
            named.add(parts[1] if parts[0] == SCHEMA and len(parts) > 2 else parts[0])
    aliases = {str(node.get("alias", "")).lower() for node in _nodes(tree)}
    joined = sorted(named - read - aliases)
    for mart in joined:
        if mart not in marts:
            raise InputError(f"{short_query(query)}: there is no mart {mart}{did_you_mean_one(mart, marts)}")
        if "person_id" not in connection.table(f"{SCHEMA}.{mart}").columns:
            raise InputError(f"{short_query(query)}: {mart} has no person_id, so it cannot select persons.")
    return joined


def _refuse_other_tables(tree: Mapping[str, Any], query: str, marts: set[str]) -> None:
    own = {str(entry["key"]).lower() for node in _nodes(tree) for entry in _cte_entries(node)}
    for node in _nodes(tree):
        if node.get("type") not in _READS:
            continue
        function = str(node.get("function", {}).get("function_name", "")) if node["type"] == "TABLE_FUNCTION" else ""
        if function in _HARMLESS:
            continue
        if node["type"] != "BASE_TABLE":
            what = f"{function}()" if function else "what it reads"
            raise InputError(f"{short_query(query)}: {what} is not a mart. Only the schema {SCHEMA} can be read.")
        name, schema = str(node["table_name"]).lower(), str(node["schema_name"]).lower()
        if node["catalog_name"] or schema not in ("", SCHEMA):
            place = ".".join(filter(None, (node["catalog_name"], node["schema_name"], node["table_name"])))
            raise InputError(f"{short_query(query)}: {place} is not a mart. Only the schema {SCHEMA} can be read.")
        if name not in marts and not (schema == "" and name in own):
            raise InputError(f"{short_query(query)}: there is no mart {name}{did_you_mean_one(name, marts)}")


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    """Yield every object of a parsed query."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _cte_entries(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = node.get("cte_map")
    found = entries.get("map", []) if isinstance(entries, dict) else []
    return [entry for entry in found if isinstance(entry, dict) and "key" in entry]


def short_query(query: str) -> str:
    """Return the beginning of a query in one line, as messages name it."""
    text = " ".join(query.split())
    return f"audience “{text[:80]}{'…' if len(text) > 80 else ''}”"


def _one_line(error: Exception) -> str:
    """Return DuckDB's error for a query in one line, with the column names that it suggests."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    hints = [line for line in lines[1:] if line.startswith(("Candidate", "Did you mean"))]
    text = "; ".join([re.sub(r"^\w+ Error: ", "", lines[0]).rstrip("!."), *hints]).replace("bindings: :", "bindings:")
    return f"{text}."


def _marts_with_column(connection: duckdb.DuckDBPyConnection, error: Exception) -> str:
    """Return the end of a line that names the marts with the column that dim_persons lacks; empty if there is none."""
    missing = re.search(r'Referenced column "(\w+)" not found', str(error))
    if missing is None:
        return ""
    marts = [
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.columns where table_catalog = 'published'"
            " and column_name in (?, 'person_id') group by table_name having count(*) = 2 order by table_name",
            [missing[1].lower()],
        ).fetchall()
    ]
    if not marts or missing[1] == "person_id":
        return ""
    return f" It is a column of {', '.join(marts)}: write {marts[0]}.{missing[1]}."
