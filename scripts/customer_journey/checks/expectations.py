"""Run the expectation suites over a closed warehouse with Great Expectations."""

import logging
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from customer_journey.checks.suites import (
    SQL_EXPECTATION,
    Entry,
    Layer,
    Severity,
    did_you_mean,
    load_suites,
    resolve,
)

# Great Expectations takes seconds to import, and a slip in a suite file is to be told at once: so it is
# imported where it is used.
if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.metadata_types import FailureSeverity

# Kinds that Great Expectations has no SQL for on DuckDB; an unexpected_rows_expectation can say the same.
_NOT_ON_DUCKDB = frozenset(
    {
        "expect_column_values_to_be_dateutil_parseable",
        "expect_column_values_to_be_decreasing",
        "expect_column_values_to_be_increasing",
        "expect_column_values_to_be_json_parseable",
        "expect_column_values_to_match_json_schema",
        "expect_column_values_to_match_like_pattern",
        "expect_column_values_to_match_like_pattern_list",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_match_strftime_format",
        "expect_column_values_to_not_be_outliers",
        "expect_column_values_to_not_match_like_pattern",
        "expect_column_values_to_not_match_like_pattern_list",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_not_match_regex_list",
        "expect_table_row_count_to_equal_other_table",
    }
)
# What of a result may leave the warehouse: counts and measures, never a value of a row.
_COUNTS = (
    "element_count",
    "missing_count",
    "missing_percent",
    "observed_value",
    "unexpected_count",
    "unexpected_percent",
    "unexpected_percent_nonmissing",
    "unexpected_percent_total",
)
# What SQLAlchemy reads as a parameter; escaped anywhere else, a colon would keep its backslash.
_BIND_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?![:\w])")
_NO_SAMPLES = {"result_format": "BASIC", "partial_unexpected_count": 0}
# Errors that quote the query; those of a running query (a failed cast, say) quote values of rows instead.
_ERRORS_ABOUT_SQL = ("BinderException", "CatalogException", "ParserException")


@dataclass(frozen=True)
class CheckResult:
    """What one check found: a row of `audit_checks`."""

    name: str
    kind: Literal["dbt_test", "expectation"]
    target: str
    success: bool
    severity: Severity
    failed_rows: int | None
    seconds: float
    detail: str


def run_expectations(
    warehouse: Path,
    suites: Path,
    layer: Layer | tuple[Layer, ...],
    data_docs: Path | None,
    on_progress: Callable[[str, float], None] | None = None,
) -> list[CheckResult]:
    """Judge a warehouse by the suites of one or more layers, and write the results as a static site.

    The warehouse is opened read-only and must be closed in this process. Every layer to be seen in the Data
    Docs goes into one call, which replaces the site. `on_progress` gets the table at work and the share done.

    Raises:
        SuiteError: a suite file is wrong; nothing was judged.
    """
    entries = load_suites(suites, (layer,) if isinstance(layer, str) else layer)
    with duckdb.connect(warehouse, read_only=True) as connection:
        entries = resolve(entries, connection)
    by_target: dict[str, list[tuple[Entry, Expectation]]] = {}
    for entry in entries:
        by_target.setdefault(entry.target, []).append((entry, _expectation(entry)))
    results: list[CheckResult] = []
    outcomes: dict[str, list[ExpectationValidationResult]] = {}
    with _opened(warehouse) as source:
        for target, pairs in by_target.items():
            if on_progress:
                on_progress(target, len(results) / len(entries))
            batch = _batch(source, target)
            for entry, expectation in pairs:
                started = time.perf_counter()
                outcome = _without_values(entry, batch.validate(expectation, result_format=_NO_SAMPLES))
                results.append(_check_result(entry, outcome, time.perf_counter() - started))
                outcomes.setdefault(target, []).append(outcome)
    if data_docs is not None:
        from customer_journey.checks.data_docs import write_data_docs

        write_data_docs(data_docs, results, outcomes)
    return results


def _expectation(entry: Entry) -> "Expectation":
    """Build the expectation an entry asks for."""
    from great_expectations.compatibility.pydantic import ValidationError
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    from customer_journey.checks.counted_rows import ExpectQueryToFindNoRows

    if entry.expect in _NOT_ON_DUCKDB:
        raise entry.error(f"{entry.expect} does not run on DuckDB; say it as an {SQL_EXPECTATION}")
    kwargs = dict(entry.kwargs)
    if entry.expect == SQL_EXPECTATION:
        kind: type[Expectation] = ExpectQueryToFindNoRows
        kwargs["unexpected_rows_query"] = _escape(kwargs["unexpected_rows_query"])
    else:
        try:
            kind = get_expectation_impl(entry.expect)
        except ExpectationNotFoundError as error:
            known = list_registered_expectation_implementations()
            raise entry.error(f"there is no {entry.expect}" + did_you_mean(entry.expect, known)) from error
    try:
        return kind(severity=_gx_severity(entry), **kwargs)
    except (ValidationError, TypeError, ValueError) as error:
        reason = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in (error.errors() if isinstance(error, ValidationError) else [])
        )
        raise entry.error(reason or str(error).splitlines()[0]) from error


def _gx_severity(entry: Entry) -> "FailureSeverity":
    from great_expectations.expectations.metadata_types import FailureSeverity

    return FailureSeverity.CRITICAL if entry.severity == "error" else FailureSeverity.WARNING


def _escape(query: str) -> str:
    """Let a suite hold plain SQL.

    Great Expectations would take its braces for format fields, SQLAlchemy its colons for parameters.
    """
    braced = query.replace("{", "{{").replace("}", "}}").replace("{{batch}}", "{batch}")
    return _BIND_PARAMETER.sub(r"\\:\1", braced)


@contextmanager
def _opened(warehouse: Path) -> "Iterator[SQLDatasource]":
    """Open the warehouse in a context that leaves no files behind."""
    import great_expectations as gx
    import sqlalchemy as sa
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    import customer_journey.checks.buffered_dialect  # noqa: F401  (registers duckdb+buffered)

    # dbt, run before in the same process, lets every library tell the terminal what it is doing.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )
    url = "duckdb+buffered:///warehouse"
    # The path travels as an argument: in the URL, `?`, `%` and `$` would mean something.
    arguments = {"connect_args": {"database": str(warehouse), "read_only": True}}
    # Keeps the file open, with what DuckDB has cached of it, between the connections of the expectations.
    with sa.create_engine(url, **arguments).connect():
        yield context.data_sources.add_sql(  # type: ignore[call-arg]
            "warehouse", connection_string=url, create_temp_table=False, kwargs=arguments
        )


def _batch(source: "SQLDatasource", target: str) -> "Batch":
    schema, table = target.split(".", 1)
    with warnings.catch_warnings():
        # `schema_name` is deprecated in favour of a data source a schema; the suites span eight.
        warnings.simplefilter("ignore", DeprecationWarning)
        asset = source.add_table_asset(target, table_name=table, schema_name=schema)
    return asset.add_batch_definition_whole_table("all").get_batch()


def _without_values(entry: Entry, outcome: "ExpectationValidationResult") -> "ExpectationValidationResult":
    """Copy an outcome without what could be a value of a row, its expectation as the suite has it."""
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    error = _error(outcome.exception_info)
    # Kinds that judge a column's set of values count no rows, and a page cannot show a count without a share.
    counts = _COUNTS if "element_count" in outcome.result else ("observed_value",)
    return ExpectationValidationResult(
        success=bool(outcome.success),
        expectation_config=ExpectationConfiguration(
            type=entry.expect,
            kwargs=entry.kwargs,
            severity=_gx_severity(entry),
            description=entry.name if entry.expect == SQL_EXPECTATION else None,
        ),
        result={key: _number(outcome.result[key]) for key in counts if key in outcome.result},
        exception_info={
            "raised_exception": error is not None,
            "exception_message": error,
            "exception_traceback": "",
        },
    )


def _number(value: object) -> int | float | None:
    if isinstance(value, int):
        return value
    return float(value) if isinstance(value, float | Decimal) else None


def _error(info: Mapping[str, Any] | None) -> str | None:
    """What stopped an expectation from being judged, told without values; None where it was judged."""
    if not info:
        return None
    errors = [info] if "raised_exception" in info else list(info.values())
    for error in errors:
        if error["raised_exception"]:
            message = str(error["exception_message"])
            raised = re.match(r"\(_duckdb\.(\w+)\) (.*)", message)
            if raised and raised[1] in _ERRORS_ABOUT_SQL:
                return raised[2]
            return f"{raised[1]} while it was running" if raised else "Great Expectations cannot evaluate it"
    return None


def _check_result(entry: Entry, outcome: "ExpectationValidationResult", seconds: float) -> CheckResult:
    result = outcome.result
    failed_rows: int | None = None
    if entry.expect == SQL_EXPECTATION:
        failed_rows = result.get("observed_value")
    elif "element_count" in result:
        # Over an empty table there is no count of unexpected values.
        failed_rows = result["unexpected_count"] or 0
    if outcome.exception_info["raised_exception"]:
        detail = f"could not be judged: {outcome.exception_info['exception_message']}"
    elif failed_rows:
        detail = (
            f"{failed_rows} of {result['element_count']} rows" if "element_count" in result else f"{failed_rows} found"
        )
        detail += ", within what it allows" if outcome.success else ""
    elif outcome.success:
        detail = ""
    elif (observed := result.get("observed_value")) is not None:
        detail = f"observed {observed:g}"
    else:
        detail = "not met"
    return CheckResult(
        name=entry.name,
        kind="expectation",
        target=entry.target,
        success=bool(outcome.success),
        severity=entry.severity,
        failed_rows=failed_rows,
        seconds=seconds,
        detail=detail,
    )
