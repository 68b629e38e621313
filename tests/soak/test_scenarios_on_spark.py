"""All marts of the scenarios on both engines; scripts/test compares only some of each kind."""

from pathlib import Path

from customer_journey.comparison.compare import compare
from customer_journey.paths import Output

from tests.scenarios.scenario import write_shuffled
from tests.support.builds import publish


def test_spark_gives_equal_marts(tmp_path: Path) -> None:
    """Invariant 6: Spark has the same marts as DuckDB, row for row."""
    write_shuffled(tmp_path / "raw")
    on_duckdb = publish(tmp_path / "raw", tmp_path / "duckdb")
    on_spark = Output(tmp_path / "spark")
    publish(tmp_path / "raw", on_spark.root, "--target", "spark")
    marts, differences = compare(on_duckdb, on_spark.published_on_spark)
    assert marts > 20
    assert differences == []
