"""The metrics of dbt's semantic layer, computed by MetricFlow on the published demo, against the marts."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pytest
import yaml
from customer_journey.paths import PROJECT

from tests.support.dbt import must_pass, run_dbt
from tests.support.demo import Demo

MF = Path(sys.executable).with_name("mf")
EVERYBODY = "dimension = 'all'"
OF_THE_BRAND = f"{EVERYBODY} and survey_kind = 'relational'"
EVERY_KIND = f"{EVERYBODY} group by month_start"
EVERY_ACCOUNT = "customer_type = 'all'"
# acquisition costs occur once per attribution model, with the same total in each
EVERY_CHANNEL = "dimension = 'all' and attribution_model = 'linear'"
# the mart with the same figure, its column, and the rows to use
BY_MONTH = {
    "orders": ("kpi_sales", "orders", EVERYBODY),
    "net_revenue": ("kpi_sales", "net_revenue", EVERYBODY),
    "buyers": ("kpi_sales", "buyers", EVERYBODY),
    "average_order_value": ("kpi_sales", "average_order_value", EVERYBODY),
    "revenue_per_buyer": ("kpi_sales", "revenue_per_buyer", EVERYBODY),
    "sessions": ("kpi_cart", "sessions", EVERYBODY),
    "cart_sessions": ("kpi_cart", "cart_sessions", EVERYBODY),
    "checkout_sessions": ("kpi_cart", "checkout_sessions", EVERYBODY),
    "add_to_cart_rate": ("kpi_cart", "cast(cart_sessions as double) / sessions", EVERYBODY),
    "won_deals": ("kpi_pipeline", "won_deals", EVERYBODY),
    "closed_deals": ("kpi_pipeline", "won_deals + lost_deals", EVERYBODY),
    "won_amount": ("kpi_pipeline", "won_amount", EVERYBODY),
    "win_rate": ("kpi_pipeline", "win_rate", EVERYBODY),
    "delivered_messages": ("kpi_email", "delivered", EVERYBODY),
    "opened_messages": ("kpi_email", "opened", EVERYBODY),
    "clicked_messages": ("kpi_email", "clicked", EVERYBODY),
    "open_rate": ("kpi_email", "open_rate", EVERYBODY),
    "click_rate": ("kpi_email", "click_rate", EVERYBODY),
    "tickets": ("kpi_service", "tickets", EVERYBODY),
    "target_tickets": ("kpi_service", "target_tickets", EVERYBODY),
    "tickets_within_target": ("kpi_service", "within_target", EVERYBODY),
    "within_target_rate": ("kpi_service", "within_target_rate", EVERYBODY),
    "nps_responses": ("kpi_nps", "responses", OF_THE_BRAND),
    "promoters": ("kpi_nps", "promoters", OF_THE_BRAND),
    "detractors": ("kpi_nps", "detractors", OF_THE_BRAND),
    "nps": ("kpi_nps", "nps", OF_THE_BRAND),
    "csat_responses": ("kpi_csat", "sum(responses)", EVERY_KIND),
    "satisfied": ("kpi_csat", "sum(satisfied)", EVERY_KIND),
    "csat": ("kpi_csat", "sum(satisfied) / nullif(sum(responses), 0)", EVERY_KIND),
    "reviews": ("kpi_reviews", "reviews", EVERYBODY),
    "mean_rating": ("kpi_reviews", "mean_rating", EVERYBODY),
    "mrr": ("kpi_mrr", "ending", EVERY_ACCOUNT),
    "mrr_change": ("kpi_mrr", "ending - starting", EVERY_ACCOUNT),
    "new_mrr": ("kpi_mrr", "new", EVERY_ACCOUNT),
    "churned_mrr": ("kpi_mrr", "churn", EVERY_ACCOUNT),
    "spend": ("kpi_unit_economics", "spend", EVERY_CHANNEL),
    "new_customers": ("kpi_unit_economics", "customers", EVERY_CHANNEL),
    "blended_cac": ("kpi_unit_economics", "blended_cac", EVERY_CHANNEL),
    "conversions": (
        "attribution_performance",
        "sum(conversions)",
        "month_basis = 'conversion_month' and attribution_model = 'linear' group by month_start",
    ),
}


# runs all saved queries in one process, because starting MetricFlow takes six seconds and a query one
_SAVED_QUERIES = """
import sys
from dbt_metricflow.cli.main import cli
for name in sys.argv[1:]:
    cli(["query", "--saved-query", name, "--csv", f"{name}.csv"], standalone_mode=False)
"""


def metrics_declared() -> set[str]:
    """Return the names of all metrics in the project's .yml files."""
    names = set()
    for file in (PROJECT / "models").rglob("*.yml"):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for owner in (document, *document.get("models", ())):
            names |= {metric["name"] for metric in owner.get("metrics", ())}
    return names


@pytest.fixture(scope="module")
def project(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files that MetricFlow reads: the project's settings, dbt's semantic manifest, and the marts.

    A copy of the published file under the warehouse's name, because MetricFlow locks the file.
    """
    folder = tmp_path_factory.mktemp("metrics")
    must_pass(run_dbt(folder / "warehouse.duckdb", folder, "parse"))
    for file in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / file, folder)
    shutil.copy(demo.published, folder / "warehouse.duckdb")
    yield folder
    shutil.rmtree(folder)


def query(project: Path, metrics: list[str], group_by: str) -> dict[str, dict[str, float]]:
    """Return the value of each metric, by group; groups without a value are left out."""
    answer = project / "answer.csv"
    run(project, str(MF), "query", "--metrics", ",".join(metrics), "--group-by", group_by, "--csv", str(answer))
    rows = rows_of(answer)
    return {metric: column(rows, metric, group_by) for metric in metrics}


def run(project: Path, *command: str) -> None:
    """Run a program that reads the project as MetricFlow does; it must succeed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    done = subprocess.run(
        command,
        cwd=project,
        env={**environment, "DBT_PROFILES_DIR": str(project), "JOURNEY_WAREHOUSE": str(project / "warehouse.duckdb")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def rows_of(answer: Path) -> list[dict[str, str]]:
    """Return the rows of an answer, by column name."""
    with answer.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(rows: Sequence[Mapping[str, str]], metric: str, *group_by: str) -> dict[str, float]:
    """Return the values of a metric by group; groups without a value are left out."""
    return {
        "|".join(row[name] for name in group_by): float(row[metric])
        for row in rows
        if row[metric] not in ("", "None", "nan")
    }


def of_the_mart(connection: duckdb.DuckDBPyConnection, metric: str) -> dict[str, float]:
    """Return the figure of a mart that a metric must equal, by month."""
    mart, expression, rows = BY_MONTH[metric]
    month = "cohort_month" if mart == "kpi_unit_economics" else "month_start"
    found = connection.execute(
        f"select cast({month} as varchar) || ' 00:00:00', cast({expression} as double) from marts.{mart} where {rows}"
    ).fetchall()
    # without any event a mart may have 0 and the metric no row
    return {month: value for month, value in found if value}


def test_marts_and_metrics_agree(project: Path, demo: Demo) -> None:
    """Each metric equals the figure in its mart, so dashboards on either agree."""
    assert set(BY_MONTH) == metrics_declared(), "a metric that no mart is held against proves nothing"
    answered = query(project, sorted(BY_MONTH), "metric_time__month")
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        for metric in BY_MONTH:
            told = of_the_mart(connection, metric)
            of_metric = {month: value for month, value in answered[metric].items() if value}
            assert told, metric
            assert of_metric == pytest.approx(told, rel=1e-9), metric


def test_every_saved_query_answers_as_the_marts_do(project: Path, demo: Demo) -> None:
    file = PROJECT / "models" / "marts" / "kpis" / "_saved_queries.yml"
    queries = {each["name"]: each["query_params"] for each in yaml.safe_load(file.read_text("utf-8"))["saved_queries"]}
    run(project, sys.executable, "-c", _SAVED_QUERIES, *queries)
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        for name, asked in queries.items():
            rows = rows_of(project / f"{name}.csv")
            months = [row["metric_time__month"] for row in rows]
            assert months == sorted(months), name
            for metric in asked["metrics"]:
                if len(asked["group_by"]) == 1:
                    expected = of_the_mart(connection, metric)
                    answered = column(rows, metric, "metric_time__month")
                else:
                    expected = by_customer_type(connection, metric)
                    answered = column(rows, metric, "metric_time__month", "person__customer_type")
                assert {key: value for key, value in answered.items() if value} == pytest.approx(expected, rel=1e-9)


def by_customer_type(connection: duckdb.DuckDBPyConnection, metric: str) -> dict[str, float]:
    """Return a column of kpi_sales by month and customer type, where it is not 0."""
    found = connection.execute(
        f"select month_start || ' 00:00:00|' || dimension_value, cast({metric} as double) from marts.kpi_sales"
        f" where dimension = 'customer_type' and {metric} <> 0"
    ).fetchall()
    return dict(found)


def test_metrics_can_be_split_by_persons(project: Path, demo: Demo) -> None:
    """Metrics can be grouped by customer type, persona and country."""
    answered = query(project, ["net_revenue"], "person__customer_type")["net_revenue"]
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        expected = dict(
            connection.execute(
                "select dimension_value, cast(sum(net_revenue) as double) from marts.kpi_sales"
                " where dimension = 'customer_type' group by all having sum(net_revenue) <> 0"
            ).fetchall()
        )
    assert answered == pytest.approx(expected, rel=1e-9)
