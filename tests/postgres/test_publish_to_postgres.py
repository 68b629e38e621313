"""Publishing to a real PostgreSQL server: types, keys and permissions, and what readers see while builds change."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from customer_journey.errors import BuildError, InputError, LockedError
from customer_journey.paths import Output
from customer_journey.publishing import postgres
from customer_journey.publishing.postgres_server import Session, server_of

from tests.postgres.published_files import build_info, numbered_build, output_with
from tests.support.postgres import PostgresServer

LETTERS = "Trần 'Thị' \"Bé\" \\ €"
LONG_PATH = " > ".join(f"channel_{number}" for number in range(400))

# one mart of each kind: dimension, fact, nullable key, sums keyed by their grain, key too long to index
SMALL = (
    build_info("20260101T000000.000001Z"),
    "create table marts.dim_persons (person_id varchar, is_known boolean, customer_since date)",
    "insert into marts.dim_persons values ('p1', true, '2026-01-02'), ('p2', false, null)",
    "comment on table marts.dim_persons is 'One row a person; it''s \"resolved\".'",
    "comment on column marts.dim_persons.person_id is 'Person.'",
    "create table marts.fct_orders (order_id varchar, person_id varchar, ordered_at timestamp,"
    " total_amount decimal(18,4), lines bigint, weight double, seen_at timestamp with time zone, tags varchar[],"
    " spot struct(x integer), big hugeint, small tinyint, note varchar)",
    "insert into marts.fct_orders values ('o1', 'p1', '2026-01-03 08:02:00.123456', 100.1, 2, 0.1,"
    " '2026-01-03 08:02:00+07:00', ['a', 'b'], {x: 1}, 170141183460469231731687303715884105, -7,"
    f" $${LETTERS}$$), ('o2', 'p1', null, null, null, 'nan', null, null, null, null, null, 'a' || chr(0) || 'b')",
    "create table marts.fct_conversions as select 'c1' as conversion_id, 'p1' as person_id, 'o1' as order_id",
    "create table marts.fct_attribution as select 'c1' as conversion_id, null::varchar as touchpoint_id,"
    " 'linear' as attribution_model, 1::decimal(18,12) as credit",
    "create table marts.kpi_nps as select date '2026-01-01' as month_start, 'relational' as survey_kind,"
    " 'all' as dimension, 'all' as dimension_value, 3::bigint as responses",
    f"create table marts.attribution_paths as select 'order' as conversion_type, '{LONG_PATH}' as path",
    "create view marts.journey_positions as select 'tos' as framework, person_id from marts.dim_persons",
    "comment on view marts.journey_positions is 'One row a person and framework.'",
    "create table marts.audit_revenue (month_start date, total_amount decimal(38,6))",
)


def publish(server: PostgresServer, database: str, output: Output, user: str = "publisher") -> postgres.Published:
    return postgres.publish(output, server_of(server.url(database, user), "--to"), postgres.READER, lambda *_: None)


def build_seen(connection: psycopg.Connection) -> str:
    row = connection.execute("select build_id from marts.build_info").fetchone()
    assert row is not None
    return str(row[0])


def schemas(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute("select nspname from pg_namespace where nspname like 'marts%' order by nspname")
    return [name for (name,) in rows]


@pytest.fixture(scope="module")
def small(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection]:
    """An administrator's session on a database that the small file was published to."""
    database = server.new_database("small")
    with server.connect(database) as connection:
        connection.execute("create schema secret")
        connection.execute("create table secret.salaries as select 1 as amount")
    told = publish(server, database, output_with(tmp_path_factory.mktemp("small"), *SMALL))
    assert (told.build_id, told.marts, told.is_new, list(told.notes)) == ("20260101T000000.000001Z", 9, True, [])
    with server.connect(database) as connection:
        connection.execute("grant journey_reader to bi")
        connection.execute("set timezone = 'UTC'")
        yield connection


def test_types_are_those_of_the_file(small: psycopg.Connection) -> None:
    rows = small.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = 'marts.fct_orders'::regclass and attnum > 0 order by attnum"
    ).fetchall()
    assert dict(rows) == {
        "order_id": "text",
        "person_id": "text",
        "ordered_at": "timestamp with time zone",
        "total_amount": "numeric(18,4)",
        "lines": "bigint",
        "weight": "double precision",
        "seen_at": "timestamp with time zone",
        "tags": "json",
        "spot": "json",
        "big": "numeric(38,0)",
        "small": "smallint",
        "note": "text",
    }
    kinds = "select pg_typeof(is_known)::text, pg_typeof(customer_since)::text from marts.dim_persons"
    assert small.execute(kinds).fetchone() == ("boolean", "date")
    assert small.execute("select count(*) from marts.audit_revenue").fetchone() == (0,)


def test_values_arrive_as_they_are_and_times_as_utc(small: psycopg.Connection) -> None:
    full, empty = small.execute("select * from marts.fct_orders order by order_id").fetchall()
    assert full == (
        "o1",
        "p1",
        datetime(2026, 1, 3, 8, 2, 0, 123456, UTC),
        Decimal("100.1000"),
        2,
        0.1,
        datetime(2026, 1, 3, 1, 2, tzinfo=UTC),
        ["a", "b"],
        {"x": 1},
        Decimal("170141183460469231731687303715884105"),
        -7,
        LETTERS,
    )
    assert str(empty[5]) == "nan"
    assert empty[:5] + empty[6:] == ("o2", "p1", *[None] * 8, "a\N{REPLACEMENT CHARACTER}b")
    assert small.execute("select person_id, customer_since from marts.dim_persons order by 1").fetchall() == [
        ("p1", date(2026, 1, 2)),
        ("p2", None),
    ]


def test_descriptions_are_comments(small: psycopg.Connection) -> None:
    rows = small.execute(
        "select relname, objsubid, description from pg_description inner join pg_class on pg_class.oid = objoid"
        " where relnamespace = 'marts'::regnamespace order by relname, objsubid"
    ).fetchall()
    assert rows == [
        ("dim_persons", 0, 'One row a person; it\'s "resolved".'),
        ("dim_persons", 1, "Person."),
        ("journey_positions", 0, "One row a person and framework."),
    ]


def test_keys_and_indexes_are_those_that_the_project_declares(small: psycopg.Connection) -> None:
    """A key with nullable columns becomes a unique index; one with a text of 5 kB becomes none."""
    rows = small.execute(
        "select relname, contype::text, pg_get_constraintdef(pg_constraint.oid) from pg_constraint inner join pg_class"
        " on pg_class.oid = conrelid where connamespace = 'marts'::regnamespace order by relname, contype desc, 3"
    ).fetchall()
    person = "FOREIGN KEY (person_id) REFERENCES marts.dim_persons(person_id) NOT VALID"
    assert rows == [
        ("audit_revenue", "p", "PRIMARY KEY (month_start)"),
        ("build_info", "p", "PRIMARY KEY (build_id)"),
        ("dim_persons", "p", "PRIMARY KEY (person_id)"),
        (
            "fct_attribution",
            "f",
            "FOREIGN KEY (conversion_id) REFERENCES marts.fct_conversions(conversion_id) NOT VALID",
        ),
        ("fct_conversions", "p", "PRIMARY KEY (conversion_id)"),
        ("fct_conversions", "f", "FOREIGN KEY (order_id) REFERENCES marts.fct_orders(order_id) NOT VALID"),
        ("fct_conversions", "f", person),
        ("fct_orders", "p", "PRIMARY KEY (order_id)"),
        ("fct_orders", "f", person),
        ("journey_positions", "p", "PRIMARY KEY (framework, person_id)"),
        ("journey_positions", "f", person),
        ("kpi_nps", "p", "PRIMARY KEY (month_start, survey_kind, dimension, dimension_value)"),
    ]
    indexes = small.execute(
        "select indexdef from pg_indexes where schemaname = 'marts'"
        " and tablename in ('fct_orders', 'fct_attribution', 'attribution_paths') order by tablename, indexdef"
    ).fetchall()
    assert [
        ("UNIQUE " if "UNIQUE" in definition else "") + definition.partition(" ON marts.")[2]
        for (definition,) in indexes
    ] == [
        "fct_attribution USING btree (touchpoint_id)",
        "UNIQUE fct_attribution USING btree (conversion_id, touchpoint_id, attribution_model)",
        "fct_orders USING btree (ordered_at)",
        "fct_orders USING btree (person_id)",
        "UNIQUE fct_orders USING btree (order_id)",
    ]


def test_the_reader_sees_marts_and_nothing_else(server: PostgresServer, small: psycopg.Connection) -> None:
    rows = small.execute(
        "select distinct privilege_type from information_schema.role_table_grants"
        " where grantee = 'journey_reader' and table_schema = 'marts'"
    ).fetchall()
    assert rows == [("SELECT",)]
    assert small.execute(
        "select rolcanlogin, rolinherit from pg_roles where rolname = 'journey_reader'"
    ).fetchone() == (False, True)
    with server.connect("small", "bi") as bi:
        for mart in ("build_info", "fct_orders", "journey_positions", "audit_revenue"):
            bi.execute(f"select * from marts.{mart}")
        for refused in (
            "select * from secret.salaries",
            "delete from marts.fct_orders",
            "update marts.build_info set build_id = 'x'",
            "insert into marts.build_info values ('x')",
            "truncate marts.fct_orders",
            "drop table marts.fct_orders",
            "create table marts.mine (i integer)",
            "create schema mine",
            "create table public.mine (i integer)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                bi.execute(refused)


def test_a_build_that_is_there_is_not_copied_again(server: PostgresServer, tmp_path: Path) -> None:
    database = server.new_database("again")
    first, second = numbered_build(tmp_path / "1", 1), numbered_build(tmp_path / "2", 2)
    assert publish(server, database, first).is_new
    assert not publish(server, database, first).is_new
    # publishing an older file is allowed, since somebody asked for it
    assert publish(server, database, second).is_new
    assert publish(server, database, first).is_new
    with server.connect(database) as connection:
        assert build_seen(connection) == "build 001"
        assert schemas(connection) == ["marts"]


def test_eight_clients_read_whole_builds_while_twenty_are_published(server: PostgresServer, tmp_path: Path) -> None:
    """Build n has n times a hundred orders and persons: no statement fails or sees rows of two builds."""
    database = server.new_database("load")
    publish(server, database, numbered_build(tmp_path, 1))
    with server.connect(database) as connection:
        connection.execute("grant journey_reader to bi")
    statement = (
        "select right((select build_id from marts.build_info), 3)::integer, (select count(*) / 100 from"
        " marts.fct_orders), (select max(number) from marts.dim_persons), (select min(number) from marts.fct_orders"
        " inner join marts.journey_positions using (person_id, number))"
    )
    is_over = threading.Event()

    def read(prepares: bool) -> list[tuple[int, ...]]:
        with server.connect(database, "bi") as client:
            seen = []
            while not is_over.is_set():
                seen += client.execute(statement, prepare=prepares).fetchall()
                time.sleep(0.002)
            return seen

    with ThreadPoolExecutor(8) as clients:
        reads = [clients.submit(read, bool(number % 2)) for number in range(8)]
        try:
            for number in range(2, 21):
                assert publish(server, database, numbered_build(tmp_path, number)).is_new
        finally:
            is_over.set()
        seen = [row for read_by_one in reads for row in read_by_one.result()]
    assert [row for row in seen if len(set(row)) > 1] == []
    assert len(seen) > 400
    assert {row[0] for row in seen} > {1, 20}
    with server.connect(database) as connection:
        assert schemas(connection) == ["marts"]


def test_a_long_reader_holds_nobody_up_and_keeps_its_marts(server: PostgresServer, tmp_path: Path) -> None:
    database = server.new_database("long_reader")
    publish(server, database, numbered_build(tmp_path / "1", 1))
    with server.connect(database, autocommit=False) as long_reader, server.connect(database) as other:
        cursor = long_reader.cursor("slow")
        cursor.execute("select number from marts.fct_orders")
        assert cursor.fetchone() == (1,)
        slowest = 0.0
        with ThreadPoolExecutor(1) as pool:
            publication = pool.submit(publish, server, database, numbered_build(tmp_path / "2", 2))
            while not publication.done():
                started = time.monotonic()
                assert build_seen(other) in ("build 001", "build 002")
                slowest = max(slowest, time.monotonic() - started)
            told = publication.result()
        assert slowest < postgres._LOOKUP_SECONDS + 1
        assert build_seen(other) == "build 002"
        assert [row[0] for row in cursor.fetchall()] == [1] * 99
        assert schemas(other) == ["marts", "marts_old_build_001"]
        assert list(told.notes) == ["schema marts_old_build_001 is still being read: the next run drops it"]
        long_reader.rollback()
        assert not publish(server, database, Output(tmp_path / "2")).is_new
        assert schemas(other) == ["marts"]


def test_a_statement_caught_between_two_marts_undoes_the_swap(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader's transaction that holds one mart and waits for another makes the swap roll back and try again."""
    database = server.new_database("caught")
    publish(server, database, numbered_build(tmp_path / "1", 1))
    asked_by_client: list[Future[list[tuple[int]]]] = []
    execute_all = Session.execute_all
    with server.connect(database, autocommit=False) as client, ThreadPoolExecutor(1) as pool:
        assert build_seen(client) == "build 001"

        def ask_while_names_change(session: Session, statements: Sequence[str]) -> None:
            execute_all(session, statements)
            if statements[-1].endswith('rename to "marts"') and not asked_by_client:
                query = "select max(number) from marts.dim_persons"
                asked_by_client.append(pool.submit(lambda: client.execute(query).fetchall()))

        monkeypatch.setattr(Session, "execute_all", ask_while_names_change)
        assert publish(server, database, numbered_build(tmp_path / "2", 2)).is_new
        assert [asked.result() for asked in asked_by_client] == [[(1,)]]
        client.rollback()
        assert build_seen(client) == "build 002"


def test_several_statements_see_one_build_if_they_ask_for_it(server: PostgresServer, tmp_path: Path) -> None:
    database = server.new_database("several")
    publish(server, database, numbered_build(tmp_path / "1", 1))
    with server.connect(database, autocommit=False) as client, ThreadPoolExecutor(1) as pool:
        client.execute("select pg_advisory_xact_lock_shared(hashtext('customer_journey.marts'))")
        assert build_seen(client) == "build 001"
        publication = pool.submit(publish, server, database, numbered_build(tmp_path / "2", 2))
        time.sleep(1.5)
        assert not publication.done()
        assert client.execute("select max(number) from marts.dim_persons").fetchone() == (1,)
        client.commit()
        assert publication.result().is_new
        assert build_seen(client) == "build 002"


def test_a_run_that_broke_off_changes_nothing_and_the_next_one_ends(server: PostgresServer, tmp_path: Path) -> None:
    database = server.new_database("broken_off")
    publish(server, database, numbered_build(tmp_path / "1", 1))

    def break_off(_: str, number: int, __: int) -> None:
        if number == 3:
            raise KeyboardInterrupt

    second = numbered_build(tmp_path / "2", 2)
    with pytest.raises(KeyboardInterrupt):
        postgres.publish(second, server_of(server.url(database), "--to"), postgres.READER, break_off)
    with server.connect(database) as connection:
        assert schemas(connection) == ["marts", "marts_next"]
        assert build_seen(connection) == "build 001"
        assert publish(server, database, second).is_new
        assert schemas(connection) == ["marts"]
        assert build_seen(connection) == "build 002"


def test_two_publishers_do_not_meet(server: PostgresServer, tmp_path: Path) -> None:
    database = server.new_database("two")
    output = numbered_build(tmp_path, 1)
    with server.connect(database) as other:
        other.execute("select pg_advisory_lock(hashtext('customer_journey.publish'))")
        with pytest.raises(LockedError, match="another process is publishing there"):
            publish(server, database, output)
    assert publish(server, database, output).is_new


@pytest.mark.parametrize("schema", ["marts", "marts_next"])
def test_schemas_of_somebody_else_are_left_alone(server: PostgresServer, tmp_path: Path, schema: str) -> None:
    database = server.new_database("theirs")
    with server.connect(database) as connection:
        connection.execute(f"create schema {schema}")
        connection.execute(f"create table {schema}.plans as select 1 as plan")
        connection.execute("create schema marts_old_2024")
        connection.execute(f"grant all on schema {schema}, marts_old_2024 to publisher")
    with pytest.raises(InputError, match=schema):
        publish(server, database, numbered_build(tmp_path, 1))
    with server.connect(database) as connection:
        assert connection.execute(f"select plan from {schema}.plans").fetchone() == (1,)
        assert "marts_old_2024" in schemas(connection)


def test_what_was_built_on_marts_is_never_dropped_with_them(server: PostgresServer, tmp_path: Path) -> None:
    database = server.new_database("built_on")
    publish(server, database, numbered_build(tmp_path / "1", 1))
    with server.connect(database) as connection:
        connection.execute("create view public.shown as select number from marts.fct_orders")
        (note,) = publish(server, database, numbered_build(tmp_path / "2", 2)).notes
        assert "marts_old_build_001 of an old build cannot be dropped" in note and "view shown depends on table" in note
        assert connection.execute("select max(number) from public.shown").fetchone() == (1,)
        connection.execute("drop view public.shown")
        assert not publish(server, database, Output(tmp_path / "2")).notes
        assert schemas(connection) == ["marts"]


def test_what_another_login_left_is_told_and_no_failure(server: PostgresServer, tmp_path: Path) -> None:
    database = server.new_database("of_another")
    with server.connect(database) as connection:
        connection.execute("create schema marts_old_x")
        connection.execute("comment on schema marts_old_x is 'customer_journey: replaced'")
    told = publish(server, database, numbered_build(tmp_path, 1))
    assert told.is_new
    assert list(told.notes) == ["schema marts_old_x cannot be dropped: must be owner of schema marts_old_x"]


def test_a_login_that_may_make_no_roles_publishes_all_the_same(server: PostgresServer, tmp_path: Path) -> None:
    database = server.new_database("no_roles")
    output = numbered_build(tmp_path, 1)
    with server.connect("postgres") as connection:
        connection.execute("alter role publisher nocreaterole")
    try:
        told = postgres.publish(output, server_of(server.url(database), "--to"), "viewers", lambda *_: None)
        assert "role viewers does not exist" in told.notes[0] and "create role viewers nologin" in told.notes[0]
        with server.connect(database) as connection:
            connection.execute("create role viewers nologin")
            again = postgres.publish(output, server_of(server.url(database), "--to"), "viewers", lambda *_: None)
            assert (again.is_new, list(again.notes)) == (False, [])
            (granted,) = connection.execute("select has_table_privilege('viewers', 'marts.fct_orders', 'select')")
            assert granted == (True,)
    finally:
        with server.connect("postgres") as connection:
            connection.execute("alter role publisher createrole")


def test_rows_that_share_a_key_are_told(server: PostgresServer, tmp_path: Path) -> None:
    database = server.new_database("doubles")
    twice = "create table marts.dim_persons as select 'p1' as person_id from range(2)"
    with pytest.raises(InputError, match=r"dim_persons has rows with the same or an empty key \(person_id\)"):
        publish(server, database, output_with(tmp_path, build_info("b"), twice))


def test_a_file_that_does_not_say_its_build_is_refused(server: PostgresServer, tmp_path: Path) -> None:
    output = output_with(tmp_path, "create table marts.dim_persons as select 'p1' as person_id")
    with pytest.raises(InputError, match="lacks the table build_info"):
        publish(server, "postgres", output)


def test_a_database_without_every_letter_is_refused(server: PostgresServer, tmp_path: Path) -> None:
    database = server.new_database("latin", encoding="LATIN1")
    with pytest.raises(InputError, match=r"LATIN1.*encoding 'UTF8'"):
        publish(server, database, numbered_build(tmp_path, 1))


def test_a_session_that_the_server_ends_is_told(server: PostgresServer, tmp_path: Path) -> None:
    database = server.new_database("ended")
    output = numbered_build(tmp_path, 1)

    def end_sessions(_: str, number: int, __: int) -> None:
        if number == 2:
            with server.connect("postgres") as connection:
                connection.execute(
                    f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'"
                )

    with pytest.raises(BuildError) as told:
        postgres.publish(output, server_of(server.url(database), "--to"), postgres.READER, end_sessions)
    assert "terminating connection" in str(told.value) and "\n" not in str(told.value)
