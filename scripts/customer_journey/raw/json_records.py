"""Reads JSON records: lists, lines, and the pages of an API or an EL tool around them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from customer_journey.errors import InputError
from customer_journey.raw.broken_files import LONGEST_ROW
from customer_journey.raw.broken_lines import MARK, BrokenLine, copy_of_json
from customer_journey.raw.file_columns import path_parameter, readable, refuse_too_many
from customer_journey.raw.raw_files import is_compressed
from customer_journey.scratch import scratch_folder
from customer_journey.warehouse import quoted, quoted_name

# the most characters of an API's message that are shown
_NAMED_OF_ERROR = 60
# how many levels of pages may lie around the records
_MOST_PAGES = 20
# keys that an API puts beside the records in each page of its answer
_OF_A_PAGE = (
    *("_links", "code", "count", "cursor", "has_more", "hasmore", "limit", "links", "message", "meta", "next"),
    *("next_page", "object", "offset", "page", "pagesize", "paging", "previous", "removedids", "status", "success"),
    *("timestamp", "total", "total_count", "url"),
)


def records_in(found: object) -> list[dict[str, Any]]:
    """Return the records of parsed JSON without the pages of the API around them, as `_unwrap` does for a file."""
    if isinstance(found, list):
        return [record for part in found for record in records_in(part)]
    if not isinstance(found, dict):
        return []
    own = [name for name in found if name.lower() not in _OF_A_PAGE]
    wrapper = None
    if {"stream", "data", "emitted_at"} <= set(own):
        wrapper = "data"
    elif "_airbyte_data" in own:
        wrapper = "_airbyte_data"
    elif len(own) == 1 and (isinstance(found[own[0]], list) or (len(found) == 1 and isinstance(found[own[0]], dict))):
        wrapper = own[0]
    return [found] if wrapper is None else records_in(found[wrapper])


def _unwrap(connection: duckdb.DuckDBPyConnection, records: str) -> bool:
    """Replace each page in a table (record, number) by the records in it; return whether there was one.

    A page is `{"orders": [...]}`, also beside paging keys (`{"data": [...], "has_more": false}`), `{"order": {...}}`
    or a record of Airbyte (`{"stream": …, "data": {...}}`, `_airbyte_data`). Lists inside a record stay in it.
    """
    pointer = "'/' || replace(replace({key}, '~', '~0'), '/', '~1')"
    connection.execute(
        f"""
        create or replace temp table {records} as
        with keyed as (
            select
                *,
                list_filter(json_keys(record), lambda key: not list_contains({list(_OF_A_PAGE)!r}, lower(key))) as own
            from {records}
        ),
        named as (
            select
                *,
                case
                    when list_has_all(own, ['stream', 'data', 'emitted_at']) then 'data'
                    when list_contains(own, '_airbyte_data') then '_airbyte_data'
                    when len(own) = 1 and json_type(record, {pointer.format(key="own[1]")}) = 'ARRAY' then own[1]
                    when len(json_keys(record)) = 1 and json_type(record, {pointer.format(key="own[1]")}) = 'OBJECT'
                        then own[1]
                end as wrapper
            from keyed
        ),
        opened as (select *, record -> ({pointer.format(key="wrapper")}) as inside from named),
        placed as (
            select
                *,
                unnest(case when json_type(inside) = 'ARRAY' then range(json_array_length(inside)::bigint) else [0] end)
                    as place
            from opened
        )
        select
            case
                when wrapper is null then record
                when json_type(inside) = 'ARRAY' then inside -> place
                else inside
            end as record,
            row_number() over (order by number, place) as number,
            wrapper is not null as was_wrapped
        from placed
        """
    )
    row = connection.execute(f"select coalesce(bool_or(was_wrapped), false) from {records}").fetchone()
    return row is not None and bool(row[0])


# keys in the answer of an API to a failed request
_OF_AN_ERROR = {
    "code",
    "detail",
    "details",
    "error",
    "error_description",
    "errors",
    "message",
    "reason",
    "status",
    "type",
}


def _refuse_error(connection: duckdb.DuckDBPyConnection, records: str, file: Path) -> None:
    """Refuse the answer of an API to a failed request, which would pass for a record with strange columns."""
    # not parsed in Python, which gives up values that are nested deeply
    rows = connection.execute(
        f"select json_keys(record), coalesce(record ->> '/message', record ->> ('/' || json_keys(record)[1]))"
        f" from {records} limit 2"
    ).fetchall()
    names, text = rows[0] if len(rows) == 1 else ([], None)
    if names and {name.lower() for name in names} <= _OF_AN_ERROR:
        answer = " ".join(str(text or "").split())[:_NAMED_OF_ERROR]
        raise InputError(
            f"{file}: is no export, but what the API answered to a request that failed ({answer}). Export it again."
        )


def read_json(
    connection: duckdb.DuckDBPyConnection,
    source: Path,
    into: str,
    file: Path,
    broken: list[BrokenLine] | None = None,
    *,
    keeps_lines: bool = False,
) -> list[str]:
    """Read JSON records: a list, one per line, a single one, or pages of an API or EL tool (`_unwrap`).

    `file` is the file of the user, if `source` is a copy. With `broken`, lines that are no JSON and records that are
    no objects are added to it.
    """
    records = f"{into}_records"
    try:
        _read_records(connection, source, records)
    except duckdb.InvalidInputException as error:
        if broken is None:
            raise
        with scratch_folder() as folder:
            copy = folder / "records.ndjson"
            try:
                copy_of_json(source, copy)
            except ValueError:
                raise error from None
            _read_records(connection, copy, records)
    levels = 0
    while _unwrap(connection, records):
        levels += 1
        if levels > _MOST_PAGES:
            raise InputError(
                f"{file}: its records lie in more than {_MOST_PAGES} levels of objects. Export a list of them."
            )
    strange = connection.execute(
        f"select number, coalesce(record ->> '/{MARK}', record::varchar) from {records}"
        f" where json_type(record) <> 'OBJECT' or json_type(record, '/{MARK}') is not null order by number"
    ).fetchall()
    row = connection.execute(f"select count(*) from {records}").fetchone()
    if strange and (broken is None or row == (len(strange),)):
        raise InputError(
            f'{file}: record {strange[0][0]} is not an object of the form {{"column": value}}. Export objects, or CSV.'
        )
    if broken is not None:
        broken += [BrokenLine(number, number, text) for number, text in strange]
        connection.execute(
            f"delete from {records} where json_type(record) <> 'OBJECT' or json_type(record, '/{MARK}') is not null"
        )
    _refuse_error(connection, records, file)
    # `{}` is no record
    connection.execute(f"delete from {records} where json_array_length(json_keys(record)::json) = 0")
    keys = connection.execute(
        f"select distinct unnest(json_keys(record)) as name from {records} order by name"
    ).fetchall()
    refuse_too_many(file, len(keys), "different keys")
    # names that differ only in case are one column, as in a table of DuckDB
    names: dict[str, list[str]] = {}
    for (key,) in keys:
        names.setdefault(key.lower(), []).insert(0, key)
    texts = [
        f"{readable(_value_of(spellings), keeps_lines=keeps_lines)} as {quoted_name(spellings[0])}"
        for spellings in names.values()
        if spellings[0]
    ]
    connection.execute(
        f"create or replace temp table {into} as select {', '.join([*texts, 'number as _row'])} from {records}"
    )
    connection.execute(f"drop table {records}")
    return [spellings[0] for spellings in names.values() if spellings[0]]


def _read_records(connection: duckdb.DuckDBPyConnection, file: Path, into: str) -> None:
    compression = "gzip" if is_compressed(file) else "none"
    connection.execute(
        f"create or replace temp table {into} as select json as record, row_number() over () as number"
        f" from read_json_objects($files, format = 'auto', compression = '{compression}',"
        f" maximum_object_size = {LONGEST_ROW})",
        path_parameter([file]),
    )


def _value_of(spellings: Sequence[str]) -> str:
    # JSON pointers: a path would end at a quotation mark in the key
    pointers = [key.replace("~", "~0").replace("/", "~1") for key in spellings]
    values = [f"record ->> '/{quoted(pointer)}'" for pointer in pointers]
    return f"coalesce({', '.join(values)})" if len(values) > 1 else f"({values[0]})"
