"""Run the expectation suites over a warehouse with Great Expectations."""

import logging
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customer_journey.checks.engine import Engine
from customer_journey.checks.on_duckdb import OnDuckDB
from customer_journey.checks.result import CheckResult
from customer_journey.checks.suites import (
    BATCH,
    SQL_EXPECTATION,
    Entry,
    Layer,
    did_you_mean,
    load_suites,
    resolve,
)

# Great Expectations takes seconds to import, but mistakes in a suite file should be reported at once, so it is
# imported only where it is used.
if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.metadata_types import FailureSeverity

# Kinds for which Great Expectations has no SQL on DuckDB; an unexpected_rows_expectation can replace them. They are
# rejected on every engine, so that suites do not depend on the engine.
_NOT_ON_EVERY_ENGINE = frozenset(
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
# The parts of a result that may leave the warehouse: counts and measures, never a value of a row.
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
_NO_SAMPLES = {"result_format": "BASIC", "partial_unexpected_count": 0}


def run_expectations(
    warehouse: Path,
    suites: Path,
    layer: Layer | tuple[Layer, ...],
    data_docs: Path | None,
    on_progress: Callable[[str, float], None] | None = None,
) -> list[CheckResult]:
    """Run the suites of one or more layers on a warehouse, and write the results as a static site.

    The warehouse is opened read-only, so this process must not hold it open. Each call replaces the Data Docs, so all
    layers that they should show belong in one call. `on_progress` gets the table being checked and the share done.

    Raises:
        SuiteError: a suite file is wrong; no check was run.
    """
    layers = (layer,) if isinstance(layer, str) else layer
    return run_on(OnDuckDB(warehouse), suites, layers, data_docs, on_progress)


def run_on(
    engine: Engine,
    suites: Path,
    layers: tuple[Layer, ...],
    data_docs: Path | None,
    on_progress: Callable[[str, float], None] | None,
) -> list[CheckResult]:
    """Run the suites on an engine, as run_expectations does on DuckDB."""
    entries = load_suites(suites, layers)
    with engine.reading() as warehouse:
        entries = resolve(entries, warehouse)
    by_target: dict[str, list[tuple[Entry, Expectation]]] = {}
    for entry in entries:
        by_target.setdefault(entry.target, []).append((entry, _expectation(entry, engine)))
    results: list[CheckResult] = []
    outcomes: dict[str, list[ExpectationValidationResult]] = {}
    with engine.judging(_context()) as batch_of:
        for target, pairs in by_target.items():
            if on_progress:
                on_progress(target, len(results) / len(entries))
            started = time.perf_counter()
            with batch_of(target) as batch:
                judged = _judge(batch, [expectation for _, expectation in pairs])
            # Expectations of a table share its reads, so the time of a single one is not known: take the mean.
            seconds = (time.perf_counter() - started) / len(pairs)
            for (entry, _), found in zip(pairs, judged, strict=True):
                outcome = _without_values(entry, found, engine)
                results.append(_check_result(entry, outcome, seconds))
                outcomes.setdefault(target, []).append(outcome)
    if data_docs is not None:
        from customer_journey.checks.data_docs import write_data_docs

        write_data_docs(data_docs, results, outcomes)
    return results


def _judge(batch: "Batch", expectations: list["Expectation"]) -> list["ExpectationValidationResult"]:
    """Run all expectations of a table together, so that Great Expectations reads the table as few times as possible."""
    from great_expectations.core import ExpectationSuite

    suite = ExpectationSuite(batch.data_asset.name, expectations)
    # Ids match the results, which come in another order. A suite accepts only expectations without an id: set it now.
    for number, expectation in enumerate(suite.expectations):
        expectation.id = str(number)
    found = {
        outcome.expectation_config.id: outcome
        for outcome in batch.validate(suite, result_format=_NO_SAMPLES).results
        if outcome.expectation_config is not None and not _exceptions(outcome.exception_info)
    }
    # An expectation that raises may stop others that share its read of the table: run each failed one again alone.
    return [
        found.get(expectation.id) or batch.validate(expectation, result_format=_NO_SAMPLES)
        for expectation in suite.expectations
    ]


def _expectation(entry: Entry, engine: Engine) -> "Expectation":
    """Build the expectation that an entry describes."""
    from great_expectations.compatibility.pydantic import ValidationError
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    from customer_journey.checks.counted_rows import ExpectQueryToFindNoRows

    if entry.expect in _NOT_ON_EVERY_ENGINE:
        raise entry.error(
            f"{entry.expect} does not run on DuckDB, and a suite runs on every engine; say it as an {SQL_EXPECTATION}"
        )
    kwargs = dict(entry.kwargs)
    if entry.expect == SQL_EXPECTATION:
        kind: type[Expectation] = ExpectQueryToFindNoRows
        # Escape braces: Great Expectations would read them as format fields.
        braced = engine.runnable(kwargs["unexpected_rows_query"]).replace("{", "{{").replace("}", "}}")
        kwargs["unexpected_rows_query"] = braced.replace("{{batch}}", BATCH)
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


def _context() -> "EphemeralDataContext":
    """Return a context that leaves no files behind."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    # dbt, if run before in the same process, makes the log messages of every library appear on the terminal.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )


def _without_values(
    entry: Entry, outcome: "ExpectationValidationResult", engine: Engine
) -> "ExpectationValidationResult":
    """Copy an outcome without anything that could be a value of a row, and with the expectation as in the suite."""
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    exceptions = _exceptions(outcome.exception_info)
    error = engine.safe_message(exceptions[0]) if exceptions else None
    # Kinds that check a column's set of values count no rows, and a page cannot show a count without a share.
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


def _exceptions(info: Mapping[str, Any] | None) -> list[str]:
    """Return the texts of the errors that stopped an expectation."""
    if not info:
        return []
    errors = [info] if "raised_exception" in info else list(info.values())
    return [str(error["exception_message"]) for error in errors if error["raised_exception"]]


def _check_result(entry: Entry, outcome: "ExpectationValidationResult", seconds: float) -> CheckResult:
    result = outcome.result
    failed_rows: int | None = None
    if entry.expect == SQL_EXPECTATION:
        failed_rows = result.get("observed_value")
    elif "element_count" in result:
        # On an empty table the result has no count of unexpected values.
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
