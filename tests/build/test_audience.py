"""Audiences: who is included, who never is, and which queries and files are allowed.

The warehouse holds hand-made results of models for ten persons, one person for each rule.
"""

import csv
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pytest
from customer_journey.errors import InputError, LockedError
from customer_journey.locking import locked
from customer_journey.paths import PROJECT, Output
from customer_journey.privacy.audience import Audience, Request, export
from customer_journey.privacy.private_files import guarded

KNOWN = "where is_known"
# person_key, contact_id, present e-mail and present phone
PERSONS = [
    (1, "C1", "an@example.com", "+84912000001"),
    (2, "C2", "binh@example.com", "+84912000002"),
    (3, "C3", "chi@example.com", None),
    (4, "C4", "dung@example.com", None),
    (5, "C5", "giang@example.com", None),
    # a contact_id that looks like an address is hashed in models
    (6, "0123456789abcdef0123456789abcdef", None, "+84912000006"),
    (7, "=C7", "khanh@example.com", "+84912000007"),
    (8, "C8", "lan@example.com", None),
    (9, "C9", "new@example.com", None),
    (10, "C10", "old@example.com", None),
]
# type, value, status, changed_at, row_status
CONSENTS = [
    ("email", "an@example.com", "withdrawn", "2026-01-01", "accepted"),
    ("email", "an@example.com", "granted", "2026-02-01", "accepted"),
    ("email", "binh@example.com", "granted", "2026-01-01", "accepted"),
    # consent by another identifier of the person, withdrawn at the moment of a second grant
    ("phone", "+84912000002", "withdrawn", "2026-02-01", "accepted"),
    ("contact_id", "C2", "granted", "2026-02-01", "accepted"),
    ("email", "dung@example.com", "granted", "2026-01-01", "accepted"),
    ("email", "giang@example.com", "granted", "2026-01-01", "accepted"),
    ("phone", "+84912000006", "granted", "2026-01-01", "accepted"),
    ("email", "khanh@example.com", "granted", "2026-01-01", "accepted"),
    ("email", "lan@example.com", "granted", "2026-07-01", "deferred"),
    # Minh's former address, which is now Nga's
    ("email", "old@example.com", "granted", "2026-01-15", "accepted"),
]


def _rows(connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Sequence[tuple[object, ...]]) -> None:
    connection.execute(f"create schema if not exists {table.split('.')[0]}")
    connection.execute(f"create table {table} ({columns})")
    if rows:
        connection.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)


def _marts(connection: duckdb.DuckDBPyConnection) -> None:
    persons = [(f"p{key}", True, key == 4) for key, *_ in PERSONS]
    _rows(
        connection,
        "marts.dim_persons",
        "person_id varchar, is_known boolean, is_internal boolean",
        [*persons, ("unknown", False, False)],
    )
    _rows(connection, "marts.build_info", "build_id varchar", [("b1",)])
    _rows(connection, "marts.kpi_nps", "score bigint", [(9,)])
    orders = [("o1", "p1", 500), ("o2", "p1", 700), ("o3", "p3", 50)]
    _rows(connection, "marts.fct_orders", "order_id varchar, person_id varchar, net_revenue bigint", orders)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output folder whose last build, b1, is published."""
    folder = tmp_path / "out"
    folder.mkdir()
    with duckdb.connect(str(folder / "journey.duckdb")) as published:
        _marts(published)
    identifiers = [
        (kind, value, key)
        for key, *values in PERSONS
        for kind, value in zip(("contact_id", "email", "phone"), values, strict=True)
        if value
    ]
    # C11 was merged into C1; six contacts share the office's mailbox, which therefore belongs to no person
    identifiers += [("contact_id", "C11", 1), ("email", "office@example.com", 3)]
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        _marts(warehouse)
        _rows(
            warehouse,
            "private.builds",
            "build_id varchar, as_of timestamp, status varchar",
            [("b0", "2026-05-31", "published"), ("b1", "2026-06-30", "published")],
        )
        _rows(
            warehouse,
            "intermediate.int_persons",
            "person_key bigint, person_id varchar",
            [(key, f"p{key}") for key, *_ in PERSONS],
        )
        _rows(
            warehouse,
            "intermediate.int_person_identifiers",
            "identifier varchar, identifier_type varchar, identifier_value varchar, first_seen_at timestamp,"
            " is_hub boolean, person_key bigint",
            [
                (f"{kind}:{value}", kind, value, "2026-01-01", value == "office@example.com", key)
                for kind, value, key in identifiers
            ],
        )
        periods: list[tuple[object, ...]] = [
            (f"{kind}:{value}", kind, 1, key, "2026-01-01", None)
            for kind, value, key in identifiers
            if value != "old@example.com"
        ]
        periods += [
            ("email:old@example.com", "email", 1, 9, "2026-01-01", "2026-02-01"),
            ("email:old@example.com", "email", 2, 10, "2026-02-01", None),
        ]
        _rows(
            warehouse,
            "intermediate.int_identifier_periods",
            "identifier varchar, identifier_type varchar, period_number bigint, person_key bigint,"
            " valid_from timestamp, valid_to timestamp",
            periods,
        )
        _rows(warehouse, "intermediate.int_internal_identifiers", "identifier varchar", [("email:dung@example.com",)])
        _rows(warehouse, "intermediate.int_contact_merges", "merged_contact_id varchar", [("C11",)])
        judged = "row_status varchar, is_deleted boolean"
        _rows(
            warehouse,
            "staging.stg_crm__contacts",
            f"contact_id varchar, email varchar, phone varchar, _file_id bigint, _row_number bigint, {judged}",
            [(contact, email, phone, 1, key, "accepted", False) for key, contact, email, phone in PERSONS],
        )
        _rows(
            warehouse,
            "raw_crm.contacts",
            "contact_id varchar, _file_id bigint, _row_number bigint",
            [("hoa@example.com" if key == 6 else contact, 1, key) for key, contact, *_ in PERSONS],
        )
        _rows(
            warehouse,
            "staging.stg_privacy__consents",
            f"identifier_type varchar, identifier_value varchar, purpose varchar, status varchar, changed_at timestamp,"
            f" {judged}",
            [
                *(
                    (kind, value, "marketing", status, at, judgement, False)
                    for kind, value, status, at, judgement in CONSENTS
                ),
                ("email", "chi@example.com", "analytics", "granted", "2026-01-01", "accepted", False),
                ("email", "chi@example.com", "marketing", "granted", "2026-01-01", "accepted", True),
            ],
        )
        _rows(
            warehouse,
            "staging.stg_privacy__erasure_requests",
            "request_id varchar, identifier_type varchar, identifier_value varchar, row_reason varchar,"
            f" updated_at timestamp, {judged}",
            [
                # two addresses of one request
                ("r1", "email", "giang.old@example.com", None, None, "accepted", False),
                ("r1", "email", "giang@example.com", "superseded", None, "duplicate", False),
                ("r2", "email", "an@example.com", None, None, "accepted", True),
            ],
        )
        _rows(
            warehouse,
            "staging.stg_marketing__email_events",
            f"email varchar, event_type varchar, occurred_at timestamp, {judged}",
            [
                ("khanh@example.com", "unsubscribed", "2026-03-01", "accepted", False),
                # consent before the latest one
                ("an@example.com", "complained", "2026-01-10", "accepted", False),
            ],
        )
    return folder


def _export(out: Path, query: str = KNOWN, **given: object) -> Audience:
    request = {"purpose": "marketing", "identifier_type": "email", "without_consent": None, "file": None} | given
    return export(Output(out), Request(query, **request))  # type: ignore[arg-type]


def test_who_is_written_to(out: Path) -> None:
    """Persons who withdrew consent, never gave it, asked to be erased or are colleagues are left out."""
    found = _export(out)
    # An gave consent again after withdrawing it; Minh gave it under an address that is now Nga's, and is written at the
    # new one
    assert found.identifiers == ["an@example.com", "new@example.com"]
    assert (found.matched, found.internal, found.to_be_erased) == (10, 1, 1)
    # left out: Binh (grant and withdrawal at the same moment), Khanh (unsubscribed), Chi, Lan (after as-of) and Nga
    assert (found.withdrawn, found.never_asked, found.without_identifier) == (2, 3, 1)


def test_a_reason_opens_to_those_never_asked_alone(out: Path) -> None:
    """With a reason, such as a recall, persons who were never asked are included; those who said no are not."""
    found = _export(out, without_consent="recall of a product")
    assert found.identifiers == [
        "an@example.com", "chi@example.com", "lan@example.com", "new@example.com", "old@example.com"
    ]  # fmt: skip
    assert (found.withdrawn, found.never_asked, found.without_identifier) == (2, 0, 1)


def test_phones_and_contacts(out: Path) -> None:
    """Consent is per channel: unsubscribing from e-mail refuses no calls. Of merged contacts the survivor is listed."""
    phones = _export(out, identifier_type="phone")
    assert phones.identifiers == ["+84912000001", "+84912000006", "+84912000007"]
    assert (phones.withdrawn, phones.without_identifier) == (1, 1)
    assert _export(out, identifier_type="contact_id").identifiers == ["=C7", "C1", "C9", "hoa@example.com"]


@pytest.mark.parametrize(
    ("query", "matched"),
    [
        ("where fct_orders.net_revenue > 100", 1),
        ("WHERE marts.fct_orders.order_id is null and is_known", 8),
        ("where person_id in (select o.person_id from fct_orders as o where o.net_revenue < 100) -- chi", 1),
        ("where exists (select 1 from marts.fct_orders where fct_orders.person_id = dim_persons.person_id)", 2),
        ("select person_id from marts.fct_orders;", 2),
        ("with big as (select * from fct_orders where net_revenue > 600) select person_id from big", 1),
        ("where true", 10),
    ],
)
def test_a_condition_or_a_whole_select(query: str, matched: int, out: Path) -> None:
    """A mart named in a condition is joined by person_id; the unknown person is never included."""
    assert _export(out, query).matched == matched


REFUSED = {
    "customers about to leave": "begins with neither where nor select",
    "delete from marts.dim_persons": "begins with neither where nor select",
    "where is_known; drop table marts.dim_persons": "is not valid SQL of DuckDB",
    "select person_id from fct_orders; select 1": "holds several statements",
    "where is_known) union select person_id from dim_persons where (true": "is not a single condition",
    "where is_knwn": 'Candidate bindings: "is_known"',
    "where net_revenue > 1": "It is a column of fct_orders: write fct_orders.net_revenue.",
    "where fct_order.net_revenue > 1": "there is no mart fct_order. Did you mean fct_orders?",
    "where kpi_nps.score > 1": "kpi_nps has no person_id",
    "where is_known and": "is not valid SQL of DuckDB",
    "select order_id from fct_orders": '"person_id" not found',
    "select 'p99' as person_id": "returns a person_id that is not in the warehouse",
    "select person_id from intermediate.int_persons": "intermediate.int_persons is not a mart",
    "select person_id from warehouse.marts.dim_persons": "warehouse.marts.dim_persons is not a mart",
    "select person_id from read_csv('/etc/passwd')": "read_csv() is not a mart",
    "select person_id from '/etc/passwd'": "there is no mart /etc/passwd",
    "where person_id in (select table_name from information_schema.tables)": "information_schema.tables is not a mart",
    "select person_id from query('from marts.dim_persons')": "query() is not a mart",
}


@pytest.mark.parametrize(("query", "words"), REFUSED.items())
def test_queries_that_are_refused(query: str, words: str, out: Path) -> None:
    """A query may only read marts, in one statement, since its text may be copied from anywhere."""
    with pytest.raises(InputError) as refused:
        _export(out, query)
    line = str(refused.value)
    assert words in line
    assert len(line.splitlines()) == 1


def test_a_purpose_that_nobody_was_asked_for(out: Path) -> None:
    """A purpose without any consent row is refused, since a typo would look like nobody having agreed."""
    with pytest.raises(InputError, match=r"--purpose marketting: no row .* Did you mean marketing\?"):
        _export(out, purpose="marketting")


def test_the_file_is_private_and_safe_and_noted(out: Path, tmp_path: Path) -> None:
    """The file is readable by its owner alone, safe for spreadsheets, and every export is logged."""
    file = tmp_path / "list.csv"
    _export(out, identifier_type="contact_id", file=file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with file.open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [["contact_id"], ["'=C7"], ["C1"], ["C9"], ["hoa@example.com"]]
    with duckdb.connect(str(out / "warehouse.duckdb")) as warehouse:
        (row,) = warehouse.execute("select * exclude (exported_at) from private.audience_exports").fetchall()
    assert row == ("b1", KNOWN, "marketing", "contact_id", None, 10, 1, 1, 1, 3, 0, 4, str(file))


def test_counting_alone_leaves_nothing(out: Path) -> None:
    _export(out)
    with duckdb.connect(str(out / "warehouse.duckdb")) as warehouse:
        tables = warehouse.execute("select table_name from information_schema.tables").fetchall()
    assert ("audience_exports",) not in tables


@pytest.fixture
def taken(tmp_path: Path) -> Iterator[Path]:
    """A path where a file already exists."""
    file = tmp_path / "taken.csv"
    file.write_text("x", encoding="utf-8")
    yield file
    assert file.read_text(encoding="utf-8") == "x"


def test_places_that_are_refused(out: Path, taken: Path, tmp_path: Path) -> None:
    """Refused places: beside the published file, in the repository, over another file or through a link."""
    link = tmp_path / "link.csv"
    link.symlink_to(out / "elsewhere.csv")
    places = {
        out / "list.csv": "which holds the published file",
        PROJECT / "docs" / "list.csv": "which is under version control",
        tmp_path / "nowhere" / "list.csv": "there is no folder",
        taken: "exists already",
        link: "exists already",
    }
    for file, words in places.items():
        with pytest.raises(InputError, match=words):
            _export(out, file=file)
        assert file == taken or not file.exists()


def test_only_what_is_published_is_exported(out: Path) -> None:
    """After a failed build, the warehouse and the published marts differ, so the export is refused."""
    with duckdb.connect(str(out / "warehouse.duckdb")) as warehouse:
        warehouse.execute("insert into private.builds values ('b2', '2026-07-01', 'failed')")
    with pytest.raises(InputError, match=r"the last build \(b2\) is not the published one \(b1\)"):
        _export(out)


def test_a_build_at_work_is_waited_for(out: Path) -> None:
    with locked(Output(out)), pytest.raises(LockedError):
        _export(out)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\uff1d1", "'\uff1d1"),
        ("+84912345678", "+84912345678"),
        ("+84912345678+1", "'+84912345678+1"),
        ("+1-cmd@example.com", "'+1-cmd@example.com"),
        ("an@example.com", "an@example.com"),
        ("", ""),
        (None, ""),
    ],
)
def test_cells_that_a_spreadsheet_would_run(cell: str | None, written: str) -> None:
    """Values that a spreadsheet would run as a formula are escaped; only the plus sign of phone numbers is kept."""
    assert guarded(cell) == written
