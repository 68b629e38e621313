"""Audiences: the persons that a query over the published marts selects, as contact ids, e-mails or phones.

The marts hold persons only as hashes. The owner of the private warehouse can look up their identifiers there: only of
persons with consent for the purpose, never of those who asked to be erased or of colleagues. Each export is logged.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from customer_journey import nothing_new
from customer_journey.errors import InputError, exhausted_resource
from customer_journey.landing.landed import kind_of
from customer_journey.locking import locked
from customer_journey.paths import Output
from customer_journey.privacy.private_files import check_place, write_private
from customer_journey.publishing.publish import SCHEMA
from customer_journey.raw.mapping import did_you_mean, did_you_mean_one
from customer_journey.warehouse import memory_limit, open_warehouse, quoted

IDENTIFIERS = ("email", "phone", "contact_id")
DEFAULT_PURPOSE = "marketing"
# table functions that read nothing but their arguments
_HARMLESS = ("unnest", "range", "generate_series")
# the node types of a parsed query that read rows
_READS = {"BASE_TABLE", "TABLE_FUNCTION", "SHOW_REF", "PIVOT", "COLUMN_DATA", "BOUND_TABLE_REF", "DELIM_GET"}


@dataclass(frozen=True)
class Request:
    """An audience to export; `without_consent` is the reason to include persons without any consent row."""

    query: str
    purpose: str
    identifier_type: str
    without_consent: str | None
    file: Path | None


@dataclass(frozen=True)
class Audience:
    """The persons that a query selects, counted by outcome: each person by the first outcome that applies."""

    matched: int
    internal: int
    to_be_erased: int
    withdrawn: int
    never_asked: int
    without_identifier: int
    # one identifier for each person
    identifiers: list[str]
    build_id: str


def export(output: Output, request: Request) -> Audience:
    """Find the persons that a query selects; if a file is given, write their identifiers and log the export.

    Raises:
        InputError: the query, the place of the file or the output folder cannot be used.
        LockedError: a build is running in this folder.
    """
    if not output.root.is_dir() or not output.warehouse.exists() or not output.published.exists():
        raise InputError(
            f"{output.root}: nothing is published here on DuckDB, so there are no persons to export. "
            "Build first, or name another --out."
        )
    if request.file is not None:
        check_place(request.file, output)
    with locked(output), open_warehouse(output.warehouse) as warehouse:
        build_id, as_of = _published_build(output, warehouse)
        persons = persons_of(output, request.query)
        audience = _audience(warehouse, persons, request, build_id, as_of)
        if request.file is not None:
            _write(warehouse, audience, request)
    return audience


def _published_build(output: Output, warehouse: duckdb.DuckDBPyConnection) -> tuple[str, datetime]:
    """Return the published build and its as-of; refuse if the warehouse has gone through a later build."""
    published = nothing_new.published_build(output)
    last = (
        warehouse.execute("select build_id, as_of from private.builds order by build_id desc limit 1").fetchone()
        if kind_of(warehouse, "private", "builds")
        else None
    )
    if last is None or last[0] != published or not kind_of(warehouse, "intermediate", "int_person_identifiers"):
        raise InputError(
            f"{output.root}: the last build ({last[0] if last else 'unknown'}) is not the published one ({published}):"
            " the warehouse may hold other persons and consents than the marts. Correct what stopped it, and build"
            " again."
        )
    return last[0], last[1]


def persons_of(output: Output, query: str) -> pa.Table:
    """Return the distinct person_ids of a query over the published marts: `where …` or a whole SELECT.

    Raises:
        InputError: it is not valid SQL, not a single statement, or reads anything but marts.
    """
    with duckdb.connect(":memory:", config={"memory_limit": memory_limit()}) as connection:
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
            if exhausted_resource(error):
                raise
            raise InputError(f"{_short(query)}: {_one_line(error)}{_marts_with_column(connection, error)}") from error
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
            f"{_short(query)}: begins with neither where nor select. Write for example “where is_known and"
            f" current_stage = 'customer'”, or “select person_id from {SCHEMA}.fct_orders where …”."
        )
    condition = text[len("where") :]
    tree = _parsed(connection, f"select 1 from dim_persons where (\n{condition}\n)", query)
    if tree["statements"][0]["node"]["type"] != "SELECT_NODE":
        raise InputError(f"{_short(query)}: is not a single condition. For a union, write a whole select.")
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
            raise InputError(f"{_short(query)}: is not valid SQL of DuckDB ({tree['error_message']}).")
        raise InputError(f"{_short(query)}: is not a SELECT. Only a SELECT is allowed, since it changes nothing.")
    if len(tree["statements"]) != 1:
        raise InputError(f"{_short(query)}: holds several statements. Write one.")
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
            raise InputError(f"{_short(query)}: there is no mart {mart}{did_you_mean_one(mart, marts)}")
        if "person_id" not in connection.table(f"{SCHEMA}.{mart}").columns:
            raise InputError(f"{_short(query)}: {mart} has no person_id, so it cannot select persons.")
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
            raise InputError(f"{_short(query)}: {what} is not a mart. Only the schema {SCHEMA} can be read.")
        name, schema = str(node["table_name"]).lower(), str(node["schema_name"]).lower()
        if node["catalog_name"] or schema not in ("", SCHEMA):
            place = ".".join(filter(None, (node["catalog_name"], node["schema_name"], node["table_name"])))
            raise InputError(f"{_short(query)}: {place} is not a mart. Only the schema {SCHEMA} can be read.")
        if name not in marts and not (schema == "" and name in own):
            raise InputError(f"{_short(query)}: there is no mart {name}{did_you_mean_one(name, marts)}")


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


def _short(query: str) -> str:
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


def _audience(
    warehouse: duckdb.DuckDBPyConnection, persons: pa.Table, request: Request, build_id: str, as_of: datetime
) -> Audience:
    _refuse_unknown_purpose(warehouse, request, as_of)
    warehouse.register("matched", persons)
    warehouse.execute(
        "create or replace temp table audience as select matched.person_id, persons.person_key,"
        " coalesce(known.is_internal, false) as is_internal from matched"
        " left join intermediate.int_persons as persons on matched.person_id = persons.person_id"
        f" left join {SCHEMA}.dim_persons as known on matched.person_id = known.person_id"
    )
    warehouse.unregister("matched")
    if warehouse.execute("select 1 from audience where person_key is null limit 1").fetchone():
        raise InputError(
            f"{_short(request.query)}: returns a person_id that is not in the warehouse. Select the person_id of a"
            " mart. If it is one, models were run on the warehouse after the last publication: build again."
        )
    _find_consents(warehouse, request, as_of)
    _find_identifiers(warehouse, request.identifier_type)
    rows = warehouse.execute(
        """
        with asked_to_be_erased as (
            select distinct identifiers.person_key
            from staging.stg_privacy__erasure_requests as requests
            inner join intermediate.int_person_identifiers as identifiers
                on identifiers.identifier = requests.identifier_type || ':' || requests.identifier_value
            where requests.row_status = 'accepted' and not requests.is_deleted
        )
        select
            case
                when audience.is_internal then 'internal'
                when asked_to_be_erased.person_key is not null then 'to_be_erased'
                when consents_now.status = 'withdrawn' then 'withdrawn'
                when consents_now.status is null and not $all_the_same then 'never_asked'
                when identifiers_now.written is null then 'without_identifier'
                else 'written'
            end as outcome,
            identifiers_now.written
        from audience
        left join asked_to_be_erased on audience.person_key = asked_to_be_erased.person_key
        left join consents_now on audience.person_key = consents_now.person_key
        left join identifiers_now on audience.person_key = identifiers_now.person_key
        order by identifiers_now.written
        """,
        {"all_the_same": request.without_consent is not None},
    ).fetchall()
    outcomes = Counter(outcome for outcome, _ in rows)
    return Audience(
        matched=len(rows),
        internal=outcomes["internal"],
        to_be_erased=outcomes["to_be_erased"],
        withdrawn=outcomes["withdrawn"],
        never_asked=outcomes["never_asked"],
        without_identifier=outcomes["without_identifier"],
        identifiers=[written for outcome, written in rows if outcome == "written"],
        build_id=build_id,
    )


def _refuse_unknown_purpose(warehouse: duckdb.DuckDBPyConnection, request: Request, as_of: datetime) -> None:
    purposes = [
        purpose
        for (purpose,) in warehouse.execute(
            "select distinct purpose from staging.stg_privacy__consents"
            " where row_status = 'accepted' and not is_deleted and changed_at <= ? order by purpose",
            [as_of],
        ).fetchall()
    ]
    if purposes and request.purpose not in purposes:
        raise InputError(
            f"--purpose {request.purpose}: no row of privacy/consents is for this purpose"
            f"{did_you_mean(request.purpose, purposes)}"
        )


def _find_consents(warehouse: duckdb.DuckDBPyConnection, request: Request, as_of: datetime) -> None:
    """Make `events_of_consent` and `consents_now`, the latest status of each person; at equal times, withdrawal wins.

    A grant counts for the person who held the identifier at that time. A withdrawal also counts for the current
    holder. For e-mails, unsubscribing or complaining is a withdrawal.
    """
    unsubscribed = (
        """
        union all
        select 'email:' || email, 'withdrawn', occurred_at
        from staging.stg_marketing__email_events
        where row_status = 'accepted' and not is_deleted and event_type in ('unsubscribed', 'complained')
        """
        if request.identifier_type == "email"
        else ""
    )
    warehouse.execute(
        f"""
        create or replace temp table events_of_consent as
        with stated as (
            select identifier_type || ':' || identifier_value as identifier, status, changed_at
            from staging.stg_privacy__consents
            where row_status = 'accepted' and not is_deleted and purpose = $purpose
            {unsubscribed}
        )
        select distinct stated.identifier, stated.status, stated.changed_at, periods.person_key
        from stated
        inner join intermediate.int_identifier_periods as periods on stated.identifier = periods.identifier
        where
            stated.changed_at <= $as_of
            and (
                (
                    (periods.valid_from <= stated.changed_at or periods.period_number = 1)
                    and (periods.valid_to is null or stated.changed_at < periods.valid_to)
                )
                or (stated.status = 'withdrawn' and periods.valid_to is null)
            )
        """,
        {"purpose": request.purpose, "as_of": as_of},
    )
    warehouse.execute(
        """
        create or replace temp table consents_now as
        select person_key, status
        from events_of_consent
        qualify row_number() over (partition by person_key order by changed_at desc, status desc) = 1
        """
    )


def _find_identifiers(warehouse: duckdb.DuckDBPyConnection, identifier_type: str) -> None:
    """Make `identifiers_now`: for each person one current identifier of the type.

    Excluded are identifiers that several people share, those of colleagues, those with a withdrawal of their own, and
    contacts that were merged into another. Of several identifiers, prefer one with a consent of its own, then one on a
    contact, then the one seen last. A contact_id that looks like an address is hashed in the models, so it is read
    from the landed row.
    """
    warehouse.execute(
        """
        create or replace temp table identifiers_now as
        with contacts as (
            select
                contacts.contact_id,
                contacts.email,
                contacts.phone,
                case when regexp_full_match(contacts.contact_id, '[0-9a-f]{32}') then trim(landed.contact_id) end
                    as own_contact_id
            from staging.stg_crm__contacts as contacts
            left join raw_crm.contacts as landed
                on contacts._file_id = landed._file_id and contacts._row_number = landed._row_number
            where contacts.row_status = 'accepted' and not contacts.is_deleted
        ),
        merged as (select distinct merged_contact_id from intermediate.int_contact_merges),
        on_contacts as (
            select 'contact_id:' || contact_id as identifier, min(own_contact_id) as own_contact_id
            from contacts group by all
            union all
            select distinct 'email:' || email, null from contacts where email is not null
            union all
            select distinct 'phone:' || phone, null from contacts where phone is not null
        ),
        own_consents as (
            select identifier, arg_max(status, (changed_at, status)) as status
            from events_of_consent
            group by identifier
        )
        select
            periods.person_key,
            coalesce(on_contacts.own_contact_id, identifiers.identifier_value) as written
        from intermediate.int_identifier_periods as periods
        inner join intermediate.int_person_identifiers as identifiers on periods.identifier = identifiers.identifier
        left join intermediate.int_internal_identifiers as internal on periods.identifier = internal.identifier
        left join on_contacts on periods.identifier = on_contacts.identifier
        left join merged on periods.identifier = 'contact_id:' || merged.merged_contact_id
        left join own_consents on periods.identifier = own_consents.identifier
        where
            periods.identifier_type = $identifier_type
            and periods.valid_to is null
            and (not identifiers.is_hub or $identifier_type = 'contact_id')
            and internal.identifier is null
            and merged.merged_contact_id is null
            and own_consents.status is distinct from 'withdrawn'
        qualify row_number() over (
            partition by periods.person_key
            order by
                coalesce(own_consents.status = 'granted', false) desc,
                (on_contacts.identifier is not null) desc,
                identifiers.first_seen_at desc,
                identifiers.identifier_value
        ) = 1
        """,
        {"identifier_type": identifier_type},
    )


def _write(warehouse: duckdb.DuckDBPyConnection, audience: Audience, request: Request) -> None:
    """Write the file and log the export, both or neither."""
    assert request.file is not None
    file = request.file.resolve()
    warehouse.execute(
        "create table if not exists private.audience_exports (exported_at timestamp, build_id varchar, query varchar,"
        " purpose varchar, identifier_type varchar, without_consent_because varchar, persons_matched bigint,"
        " persons_internal bigint, persons_to_be_erased bigint, persons_withdrawn bigint, persons_never_asked bigint,"
        " persons_without_identifier bigint, persons_written bigint, file varchar)"
    )
    warehouse.execute("begin")
    try:
        warehouse.execute(
            f"insert into private.audience_exports values ({', '.join('?' * 14)})",
            [
                datetime.now(UTC).replace(tzinfo=None),
                audience.build_id,
                request.query,
                request.purpose,
                request.identifier_type,
                request.without_consent,
                audience.matched,
                audience.internal,
                audience.to_be_erased,
                audience.withdrawn,
                audience.never_asked,
                audience.without_identifier,
                len(audience.identifiers),
                str(file),
            ],
        )
        write_private(file, [request.identifier_type], [[identifier] for identifier in audience.identifiers])
        warehouse.execute("commit")
    except duckdb.Error:
        file.unlink(missing_ok=True)
        raise
