"""An SQL expectation that counts the rows its query finds, without fetching any of them."""

from typing import TYPE_CHECKING, Any, ClassVar

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.query_metrics.query_row_count.unexpected_rows_query_row_count import (
    UnexpectedRowsQueryRowCount,
)

from customer_journey.checks.engine import SPARK_VIEW

if TYPE_CHECKING:
    from pyspark.sql import Column


class CountedRows(UnexpectedRowsQueryRowCount):
    """The number of rows that a query finds; on Spark the queries of a table are counted together in one pass."""

    metric_name = "counted_rows"

    @metric_partial(
        engine=SparkDFExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _spark(  # type: ignore[override]  # the inherited one counts at once
        cls,
        execution_engine: SparkDFExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> "tuple[Column, dict[str, Any], dict[str, Any]]":
        from pyspark.sql import functions

        query = cls._format_query(cls._get_query_from_metric_value_kwargs(metric_value_kwargs), batch=SPARK_VIEW)
        return functions.expr(f"(select count(*) from ({query}))"), metric_domain_kwargs, {}


class ExpectQueryToFindNoRows(UnexpectedRowsExpectation):
    """UnexpectedRowsExpectation without its sample of rows.

    The sample would take personal data out of the warehouse; with buffered results it would fetch every row.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = (CountedRows.metric_name,)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: "ExecutionEngine[Any] | None" = None,
    ) -> dict[str, Any]:
        rows = metrics[CountedRows.metric_name]
        return {"success": rows == 0, "result": {"observed_value": rows}}
