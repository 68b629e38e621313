"""Expectation suites: what they detect, what they report, and what they never show."""

from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
from customer_journey.checks import CheckResult, SuiteError, run_expectations
from customer_journey.checks.on_duckdb import DuckDBReader
from customer_journey.checks.suites import Entry, load_suites, resolve
from customer_journey.contract import raw_tables
from customer_journey.landing.landed import create_landed_table
from customer_journey.paths import EXPECTATIONS

from tests.support.suites import CONTACTS, EMAIL, QUERY, SLIPS, make_suites

SUITE = (
    CONTACTS
    + """\
    - name: e-mails are numbers
      expect: unexpected_rows_expectation
      unexpected_rows_query: select 1 from {batch} where cast(email as integer) = 1
      severity: warn
every_table:
  - {expect: expect_column_values_to_not_be_null, column: created_at, severity: error}
"""
)


def make_warehouse(path: Path) -> Path:
    """A warehouse with one filled and one empty table."""
    with duckdb.connect(path) as connection:
        connection.execute(
            f"""
            create schema raw_crm;
            create schema private;
            create table private.settings as select 'as_of' as name, '"2026-07-01T00:00:00+07:00"' as value;
            create table raw_crm.contacts (contact_id varchar, email varchar, created_at varchar);
            insert into raw_crm.contacts values
                ('1', '{EMAIL}', '2026-06-30T17:00:00Z'), ('2', '{EMAIL}', '2026-06-30T17:00:01Z'),
                ('3', '{EMAIL}', '2026-06-30 16:59:59'), ('4', null, '2026-01-01');
            create table raw_crm.companies (company_id varchar, created_at varchar);
            """
        )
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checks $ 50% đủ")


@pytest.fixture(scope="module")
def progress() -> list[tuple[str, float]]:
    return []


@pytest.fixture(scope="module")
def results(folder: Path, progress: list[tuple[str, float]]) -> dict[str, CheckResult]:
    (folder / "docs").mkdir()
    (folder / "docs" / "of_the_build_before.html").write_text("old", encoding="utf-8")
    found = run_expectations(
        make_warehouse(folder / "warehouse.duckdb"),
        make_suites(folder, SUITE),
        "landed",
        folder / "docs",
        lambda target, share: progress.append((target, share)),
    )
    return {f"{result.target} {result.name}": result for result in found}


def test_an_expectation_that_holds_succeeds(results: dict[str, CheckResult]) -> None:
    result = results["raw_crm.contacts expect_column_to_exist(contact_id)"]

    assert (result.kind, result.success, result.severity, result.detail) == ("expectation", True, "error", "")
    assert result.seconds > 0


def test_a_failed_one_counts_its_rows_and_keeps_its_severity(results: dict[str, CheckResult]) -> None:
    error = results["raw_crm.contacts expect_column_values_to_be_in_set(email)"]
    warning = results["raw_crm.contacts expect_column_values_to_not_be_null(email)"]

    assert (error.success, error.severity, error.failed_rows) == (False, "error", 3)
    assert (warning.success, warning.severity, warning.failed_rows) == (False, "warn", 1)
    assert warning.detail == "1 of 4 rows"


def test_a_share_that_is_allowed_succeeds_and_still_counts(results: dict[str, CheckResult]) -> None:
    result = results["raw_crm.contacts most have an e-mail"]

    assert (result.success, result.failed_rows, result.detail) == (
        True,
        1,
        "1 of 4 rows, within what it allows",
    )


def test_a_measure_has_no_failed_rows(results: dict[str, CheckResult]) -> None:
    result = results["raw_crm.contacts expect_table_row_count_to_be_between"]

    assert (result.success, result.failed_rows, result.detail) == (False, None, "observed 4")


def test_a_query_is_plain_sql(results: dict[str, CheckResult]) -> None:
    result = results["raw_crm.contacts no e-mail in braces {1,2} or after a colon"]

    assert (result.success, result.failed_rows) == (False, 3)


def test_as_of_is_the_moment_of_the_build_in_utc(results: dict[str, CheckResult]) -> None:
    assert results["raw_crm.contacts nobody was created after as-of"].failed_rows == 1


def test_every_table_reaches_empty_ones_too(results: dict[str, CheckResult]) -> None:
    assert results["raw_crm.contacts expect_column_values_to_not_be_null(created_at)"].success
    assert results["raw_crm.companies expect_column_values_to_not_be_null(created_at)"].failed_rows == 0


def test_progress_names_each_table(results: dict[str, CheckResult], progress: list[tuple[str, float]]) -> None:
    assert results
    assert [target for target, _ in progress] == ["raw_crm.contacts", "raw_crm.companies"]
    assert progress[0][1] == 0
    assert progress[1][1] == 11 / 12


def test_an_error_of_a_running_query_is_told_without_its_values(results: dict[str, CheckResult]) -> None:
    result = results["raw_crm.contacts e-mails are numbers"]

    assert not result.success
    assert result.detail == "could not be judged: ConversionException while it was running"


def test_no_value_of_a_row_leaves_the_warehouse(folder: Path, results: dict[str, CheckResult]) -> None:
    pages = {page.name: page.read_text(encoding="utf-8") for page in (folder / "docs").iterdir()}

    assert set(pages) == {"index.html", "raw_crm.contacts.html", "raw_crm.companies.html"}
    assert "values must never be null" in pages["raw_crm.contacts.html"]
    assert "e-mails are numbers" in pages["index.html"]
    for text in (*pages.values(), *map(repr, results.values())):
        assert "mai.nguyen" not in text
        assert "example.com" not in text


def test_data_docs_need_no_network(folder: Path, results: dict[str, CheckResult]) -> None:
    assert results
    for page in (folder / "docs").iterdir():
        assert "://" not in page.read_text(encoding="utf-8")


def test_the_run_leaves_nothing_but_data_docs(folder: Path, results: dict[str, CheckResult]) -> None:
    assert results
    assert sorted(path.name for path in folder.iterdir()) == ["docs", "suites", "warehouse.duckdb"]


def test_the_warehouse_is_closed_afterwards(folder: Path, results: dict[str, CheckResult]) -> None:
    assert results
    with duckdb.connect(folder / "warehouse.duckdb", config={"memory_limit": "1GB"}) as connection:
        connection.execute("create temp table writable as select 1")


def test_a_buffered_result_outlives_its_connection(tmp_path: Path) -> None:
    import customer_journey.checks.buffered_dialect  # noqa: F401  (registers the dialect)

    path = make_warehouse(tmp_path / "warehouse.duckdb")
    engine = sa.create_engine("duckdb+buffered:///", connect_args={"database": str(path), "read_only": True})
    with engine.connect() as connection:
        result = connection.execute(sa.text("select contact_id from raw_crm.contacts order by 1"))
    columns = sa.inspect(engine).get_columns("contacts", schema="raw_crm")
    engine.dispose()

    assert result.scalars().all() == ["1", "2", "3", "4"]
    assert [column["name"] for column in columns] == ["contact_id", "email", "created_at"]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "expect: expect_column_to_exists, column: email, severity: warn",
            "expect_column_to_exists(email): there is no expect_column_to_exists; did you mean expect_column_to_exist?",
        ),
        (
            "expect: expect_column_to_exist, column: email, severity: fatal",
            "expect_column_to_exist(email): needs `severity: error` or `severity: warn`",
        ),
        (
            "expect: expect_column_to_exist, column: email, colour: red, severity: warn",
            "expect_column_to_exist(email): colour: extra fields not permitted",
        ),
        *SLIPS,
        (f"{QUERY} select x from {{batch}}", "not readable as YAML: "),
        (
            f'{QUERY} "select x from {{batch}}"',
            'q: DuckDB refuses its query: Binder Error: Referenced column "x" not found in FROM clause!',
        ),
        (f'{QUERY} "select 1 from {{batch}} -- a remark"', "q: DuckDB refuses its query: Parser Error: "),
        (f"{QUERY} select 1", "q: needs an `unexpected_rows_query:` that reads from {batch}"),
        ("column: email, severity: warn", "lacks `expect:`"),
    ],
)
def test_a_slip_is_one_line_that_names_file_and_entry(tmp_path: Path, entry: str, told: str) -> None:
    suites = make_suites(tmp_path, f"schema: raw_crm\ntables:\n  contacts:\n    - {{{entry}}}\n")

    with pytest.raises(SuiteError) as raised:
        run_expectations(make_warehouse(tmp_path / "warehouse.duckdb"), suites, "landed", None)

    assert str(raised.value).startswith("landed/suite.yml line 4: ")
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


EXISTS = "{expect: expect_column_to_exist, column: a, severity: warn}"
IS_NULL = "{expect: expect_column_values_to_be_null, column: a, severity: warn}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f"schema: raw_crm\ntables:\n  contact:\n    - {EXISTS}",
            " line 4: raw_crm.contact: expect_column_to_exist(a): there is no table raw_crm.contact; "
            "did you mean contacts?",
        ),
        (
            f"schema: raw_crm\nevery_table:\n  - {IS_NULL}",
            " line 3: raw_crm.every_table: expect_column_values_to_be_null(a): no table of raw_crm has a",
        ),
        (
            f"schema: raw_crm\ntables:\n  contacts:\n    - {EXISTS}\n    - {EXISTS}\n",
            " line 5: raw_crm.contacts: expect_column_to_exist(a): "
            "landed/suite.yml line 4 has the same name; give one of them a `name:`",
        ),
        (
            "schema: raw_crm\ntables:\n  contacts: []\n  contacts: []\n",
            " line 4: not readable as YAML: 'contacts' is there twice",
        ),
        ("tables: {}", ": must start with `schema: <name>`, then `tables:` or `every_table:`"),
        ("schema: raw_crm\ntabels: {}", ": unknown key 'tabels'; known are schema, tables, every_table"),
        (
            "schema: raw_crm\ntables:\n  contacts: {expect: x}\n",
            ": raw_crm.contacts: must hold a list of expectations",
        ),
    ],
)
def test_a_malformed_file_is_told_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    suites = make_suites(tmp_path, text)

    with (
        pytest.raises(SuiteError) as raised,
        duckdb.connect(make_warehouse(tmp_path / "warehouse.duckdb"), read_only=True) as connection,
    ):
        resolve(load_suites(suites, ("landed",)), DuckDBReader(connection))

    assert str(raised.value) == f"landed/suite.yml{told}"


def test_as_of_needs_a_warehouse_that_knows_it(tmp_path: Path) -> None:
    suites = make_suites(
        tmp_path,
        f'schema: main\ntables:\n  t:\n    - {{{QUERY} "select 1 from {{batch}} where a > {{as_of}}"}}',
    )

    with duckdb.connect() as connection:
        connection.execute("create table t (a timestamp)")
        with pytest.raises(SuiteError, match="this warehouse has no as-of"):
            resolve(load_suites(suites, ("landed",)), DuckDBReader(connection))


def test_the_projects_landed_suites_hold_on_empty_tables(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(path) as connection:
        for table in raw_tables():
            create_landed_table(connection, table)

    found = run_expectations(path, EXPECTATIONS, "landed", None)

    assert {result.target for result in found} == {table.relation for table in raw_tables()}
    assert [result for result in found if not result.success] == []


def test_the_projects_suites_of_marts_can_be_read() -> None:
    entries: list[Entry] = load_suites(EXPECTATIONS, ("marts",))

    assert {entry.schema for entry in entries} == {"marts"}
    assert {"dim_persons", "fct_attribution", "journey_map", None} <= {entry.table for entry in entries}


@pytest.mark.parametrize(
    ("table", "name", "rows", "is_told"),
    [
        # midnight in Vietnam, and times of day
        ("fct_orders", "most orders have a time of day", [("2026-01-05 17:00:00", 100), (None, 200)], True),
        ("fct_orders", "most orders have a time of day", [("2026-01-05 17:00:00", 100), (None, 300)], False),
        ("fct_orders", "most orders have a time of day", [("2026-01-05 17:00:00", 99)], False),
        ("fct_deals", "every closed deal has a closing time", [("lost", 1)], True),
        ("fct_deals", "every closed deal has a closing time", [("open", 1)], False),
    ],
)
def test_days_without_times_are_told(table: str, name: str, rows: list[tuple[str | None, int]], is_told: bool) -> None:
    """A build warns if orders know days alone, and of each deal that was closed nobody knows when."""
    (query,) = [
        entry.kwargs["unexpected_rows_query"]
        for entry in load_suites(EXPECTATIONS, ("marts",))
        if entry.table == table and entry.name == name
    ]
    with duckdb.connect() as connection:
        if table == "fct_orders":
            connection.execute("create table batch (ordered_at timestamp)")
            for moment, count in rows:
                connection.execute(
                    "insert into batch select"
                    " coalesce(cast(? as timestamp), timestamp '2026-02-01' + interval (7 * i) minute)"
                    " from range(?) as numbers (i)",
                    [moment, count],
                )
        else:
            connection.execute("create table batch (status varchar, closed_at timestamp)")
            connection.executemany("insert into batch values (?, null)", [[status] for status, _ in rows])
        found = connection.execute(query.replace("{batch}", "batch")).fetchall()
    assert bool(found) == is_told
