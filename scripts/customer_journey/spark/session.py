"""A Spark session in this process with the settings of the dbt profile, so that dbt's statements use it too."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from customer_journey.paths import PROJECT
from customer_journey.project_files import read_yaml
from customer_journey.spark.java import use_java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOG_LEVEL = "ERROR"


def start_session(root: Path) -> "SparkSession":
    """Start Spark with its tables and metastore under the folder `root`; a second call returns the same session."""
    use_java()
    from pyspark.logger import PySparkLogger
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("customer_journey").enableHiveSupport()
    for name, value in _profile_settings(root).items():
        builder = builder.config(name, value)
    (root / "spark-metastore").mkdir(parents=True, exist_ok=True)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel(LOG_LEVEL)
    # do not log errors of queries: the caller gets them, and the log would be a page that may quote values of rows
    for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger"):
        PySparkLogger.getLogger(name).setLevel(logging.CRITICAL + 1)
    return session


def _profile_settings(root: Path) -> dict[str, str]:
    """Return the session settings of profiles.yml, rendered for one output folder."""
    variables = {**os.environ, "JOURNEY_OUT": str(root)}
    document = read_yaml(PROJECT / "profiles.yml")
    settings = document["customer_journey"]["outputs"]["spark"]["server_side_parameters"]
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)

    def env_var(name: str, default: str) -> str:
        return variables.get(name, default)

    return {
        name: environment.from_string(str(value).lower() if isinstance(value, bool) else str(value)).render(
            env_var=env_var
        )
        for name, value in settings.items()
    } | {"spark.sql.ansi.enabled": "false"}
