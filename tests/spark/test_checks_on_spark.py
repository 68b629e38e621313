"""Expectation suites have the same results and counts on both engines, and no message shows a value of a row."""

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from customer_journey.checks import CheckResult, SuiteError, run_expectations
from customer_journey.checks.on_spark import run_expectations_on_spark

from tests.support.suites import CONTACTS, EMAIL, QUERY, SLIPS, make_suites

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TABLES: dict[str, dict[str, tuple[str, list[tuple[object, ...]]]]] = {
    "raw_crm": {
        "contacts": (
            "contact_id string, email string, created_at string, score string",
            [
                ("1", EMAIL, "2026-06-30T17:00:00Z", "0.5"),
                ("2", EMAIL, "2026-07-01T00:00:01+07:00", "many"),
                ("3", EMAIL, "2026-06-30 16:59:59", None),
                ("4", None, "2026-06-31", "1"),
            ],
        ),
        "companies": ("company_id string, created_at string", []),
    },
    # What suites call marts.
    "marts_building": {
        "dim_persons": ("person_id string, persons bigint, note string, is_known boolean", [("a", 2, "(x)", True)]),
        "fct_orders": ("order_id string, phone string, amount double", [("0912345678", "none", 1.5)]),
        "fct_refunds": ("refund_id string, `order` string", [("r1", "0912 345 678"), ("r2", "none")]),
    },
    "private": {"settings": ("name string, value string", [("as_of", '"2026-07-01T00:00:00+07:00"')])},
}

LANDED = (
    CONTACTS
    + """\
    - {expect: expect_table_columns_to_match_set, column_set: [contact_id], exact_match: false, severity: warn}
    - {expect: expect_column_value_lengths_to_equal, column: contact_id, value: 1, severity: warn}
    - name: scores are numbers
      expect: unexpected_rows_expectation
      unexpected_rows_query: |
        select try_cast(score as double) is null as is_bad from {batch}
        qualify is_bad and count_if(is_bad) over () > 0.1 * count(*) over ()
      severity: warn
every_table:
  - {expect: expect_column_values_to_not_be_null, column: created_at, severity: error}
  - name: created_at is readable
    expect: unexpected_rows_expectation
    unexpected_rows_query: select 1 from {batch} where try_cast(created_at as timestamptz) is null
    severity: warn
"""
)
MARTS = r"""
schema: marts
tables:
  dim_persons:
    - {expect: expect_column_values_to_be_between, column: persons, min_value: 1, max_value: 1, severity: error}
    - name: there are orders for every person
      expect: unexpected_rows_expectation
      unexpected_rows_query: select 1 from {batch} where persons > (select count(*) from marts.fct_orders)
      severity: error
    - name: no note is in parentheses
      expect: unexpected_rows_expectation
      unexpected_rows_query: select 1 from {batch} where regexp_extract(note, '^\(.\)$', 0) <> ''
      severity: warn
every_table:
  - name: no phone number
    expect: unexpected_rows_expectation
    unexpected_rows_query: |
      select 1 from (select concat_ws(' | ', {text_columns_without_ids}) as row_text from {batch})
      where regexp_extract(row_text, '0[0-9]([ ]?[0-9]){8}', 0) <> ''
    severity: error
  - name: no column for phone numbers
    expect: unexpected_rows_expectation
    unexpected_rows_query: |
      select 1 from {batch} having count(*) > 0 and regexp_extract(' {column_names} ', ' (phone|email) ', 0) <> ''
    severity: error
"""


def make_tables_in_duckdb(path: Path) -> Path:
    with duckdb.connect(path) as connection:
        for database, tables in TABLES.items():
            schema = database.removesuffix("_building")
            connection.execute(f"create schema {schema}")
            for table, (columns, rows) in tables.items():
                connection.execute(f"create table {schema}.{table} ({columns.replace('`', chr(34))})")
                for row in rows:
                    connection.execute(f"insert into {schema}.{table} values ({', '.join('?' * len(row))})", row)
    return path


@pytest.fixture(scope="module")
def tables(spark: "SparkSession") -> "SparkSession":
    for database, tables in TABLES.items():
        spark.sql(f"create schema if not exists {database}")
        for table, (columns, rows) in tables.items():
            spark.createDataFrame(rows, columns).write.mode("overwrite").saveAsTable(f"{database}.{table}")
    return spark


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checks_on_spark")


@pytest.fixture(scope="module")
def on_spark(folder: Path, tables: "SparkSession") -> list[CheckResult]:
    suites = make_suites(folder, LANDED, MARTS)
    return run_expectations_on_spark(tables, suites, ("landed", "marts"), folder / "docs")


def test_both_engines_find_the_same(folder: Path, on_spark: list[CheckResult]) -> None:
    warehouse = make_tables_in_duckdb(folder / "warehouse.duckdb")

    on_duckdb = run_expectations(warehouse, folder / "suites", ("landed", "marts"), None)

    def told(results: list[CheckResult]) -> list[tuple[object, ...]]:
        return sorted((r.target, r.name, r.success, r.severity, r.failed_rows, r.detail) for r in results)

    assert told(on_spark) == told(on_duckdb)


def test_what_is_found_is_right(on_spark: list[CheckResult]) -> None:
    found = {f"{result.target} {result.name}": result.failed_rows for result in on_spark if not result.success}

    assert found == {
        "raw_crm.contacts expect_column_values_to_not_be_null(email)": 1,
        "raw_crm.contacts expect_column_values_to_be_in_set(email)": 3,
        "raw_crm.contacts expect_column_distinct_values_to_be_in_set(email)": None,
        "raw_crm.contacts expect_column_most_common_value_to_be_in_set(email)": None,
        "raw_crm.contacts expect_table_row_count_to_be_between": None,
        "raw_crm.contacts no e-mail in braces {1,2} or after a colon": 3,
        "raw_crm.contacts nobody was created after as-of": 1,
        "raw_crm.contacts scores are numbers": 2,
        "raw_crm.contacts created_at is readable": 1,
        "marts.dim_persons expect_column_values_to_be_between(persons)": 1,
        "marts.dim_persons there are orders for every person": 1,
        "marts.dim_persons no note is in parentheses": 1,
        "marts.fct_refunds no phone number": 1,
        "marts.fct_orders no column for phone numbers": 1,
    }


def test_the_pages_show_no_value(folder: Path, on_spark: list[CheckResult]) -> None:
    assert on_spark
    pages = list((folder / "docs").iterdir())

    assert "raw_crm.contacts.html" in {page.name for page in pages}
    for text in (*(page.read_text(encoding="utf-8") for page in pages), repr(on_spark)):
        assert "mai.nguyen" not in text


def test_an_error_of_a_running_query_is_told_without_its_values(
    tmp_path: Path, tables: "SparkSession", capfd: pytest.CaptureFixture[str]
) -> None:
    query = "select 1 from {batch} where raise_error(concat('this is ', email)) is null"
    suites = make_suites(
        tmp_path,
        f"schema: raw_crm\ntables:\n  contacts:\n"
        f'    - {{name: q, expect: unexpected_rows_expectation, unexpected_rows_query: "{query}", severity: warn}}\n'
        f"    - {{expect: expect_column_values_to_not_be_null, column: email, severity: error}}\n",
    )

    found = run_expectations_on_spark(tables, suites, ("landed",), tmp_path / "docs")

    assert [(result.success, result.failed_rows, result.detail) for result in found] == [
        (False, None, "could not be judged: USER_RAISED_EXCEPTION while it was running"),
        (False, 1, "1 of 4 rows"),
    ]
    said = capfd.readouterr()
    pages = [page.read_text(encoding="utf-8") for page in (tmp_path / "docs").iterdir()]
    for text in (said.out, said.err, *pages):
        assert "mai.nguyen" not in text


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        *SLIPS,
        (
            f'{QUERY} "select emial from {{batch}}"',
            "q: Spark refuses its query: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter "
            "with name `emial` cannot be resolved.",
        ),
        (f'{QUERY} "selekt 1 from {{batch}}"', "q: Spark refuses its query: [PARSE_SYNTAX_ERROR] "),
        (f'{QUERY} "select 1 from {{batch}} -- a remark"', "q: Spark refuses its query: [PARSE_SYNTAX_ERROR] "),
        (f'{QUERY} "select epoch(email) from {{batch}}"', "q: Spark refuses its query: [UNRESOLVED_ROUTINE] "),
    ],
)
def test_a_slip_is_one_line_that_names_file_and_entry(
    tmp_path: Path, tables: "SparkSession", entry: str, told: str
) -> None:
    suites = make_suites(tmp_path, f"schema: raw_crm\ntables:\n  contacts:\n    - {{{entry}}}\n")

    with pytest.raises(SuiteError) as raised:
        run_expectations_on_spark(tables, suites, ("landed",), None)

    assert str(raised.value).startswith("landed/suite.yml line 4: raw_crm.contacts: ")
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "Project" not in str(raised.value)
