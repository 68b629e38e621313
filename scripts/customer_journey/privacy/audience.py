"""Audiences: the persons that a query over the published marts selects, as contact ids, e-mails or phones.

The marts hold persons only as hashes. The owner of the private warehouse can look up their identifiers there: only of
persons with consent for the purpose, never of those who asked to be erased or of colleagues. Each export is logged.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from customer_journey import nothing_new
from customer_journey.errors import InputError
from customer_journey.landing.landed import kind_of
from customer_journey.locking import locked
from customer_journey.paths import Output
from customer_journey.privacy.audience_query import persons_of, short_query
from customer_journey.privacy.erased_rows import IN_FORCE
from customer_journey.privacy.private_files import check_place, write_private
from customer_journey.publishing.publish import SCHEMA
from customer_journey.raw.mapping import did_you_mean
from customer_journey.warehouse import open_warehouse


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
            f"{short_query(request.query)}: returns a person_id that is not in the warehouse. Select the person_id of a"
            " mart. If it is one, models were run on the warehouse after the last publication: build again."
        )
    _find_consents(warehouse, request, as_of)
    _find_identifiers(warehouse, request.identifier_type)
    rows = warehouse.execute(
        f"""
        with asked_to_be_erased as (
            select distinct identifiers.person_key
            from staging.stg_privacy__erasure_requests as requests
            inner join intermediate.int_person_identifiers as identifiers
                on identifiers.identifier = requests.identifier_type || ':' || requests.identifier_value
            where {IN_FORCE}
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
