"""The dashboard of examples/superset, without Superset: the names in its files exist, and its rates are the marts'."""

import importlib.util
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest
import yaml
from customer_journey.paths import PROJECT

from tests.support.demo import Demo

FOLDER = PROJECT / "examples" / "superset"
ASSETS = FOLDER / "assets"
SECRET = "s3cret/%word"
# a rate in a dataset, and the column of the mart that must equal it
RATES = [
    ("kpi_funnel", "go_on_rate", "conversion_rate", "dimension = 'all'"),
    ("kpi_nps", "nps_score", "case when nps_low is not null then nps end", "true"),
    ("kpi_mrr", "net_retention", "nrr", "is_complete"),
    ("kpi_mrr", "gross_retention", "grr", "is_complete"),
    ("attribution_performance", "cost_per_conversion_total", "cost_per_conversion", "conversion_type = 'customer'"),
    ("attribution_performance", "return_on_spend", "roas", "conversion_type = 'order'"),
]


def files_of(folder: str) -> dict[str, Any]:
    """Return the documents of a folder of assets by their UUID."""
    documents = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in (ASSETS / folder).rglob("*.yaml")]
    assert documents
    return {document["uuid"]: document for document in documents}


DATASETS = files_of("datasets")
CHARTS = files_of("charts")
(DATABASE,) = files_of("databases").values()
(DASHBOARD,) = files_of("dashboards").values()


@pytest.fixture(scope="module")
def marts(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def importer() -> ModuleType:
    """The script that imports the dashboard."""
    specification = importlib.util.spec_from_file_location("import_dashboard", FOLDER / "import_dashboard.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def metrics_of(dataset: Mapping[str, Any]) -> dict[str, str]:
    """Return the expressions of a dataset's metrics by their name."""
    return {metric["metric_name"]: metric["expression"] for metric in dataset["metrics"]}


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda dataset: str(dataset["table_name"]))
def test_datasets_name_columns_of_their_marts(marts: duckdb.DuckDBPyConnection, dataset: Mapping[str, Any]) -> None:
    assert (dataset["schema"], dataset["database_uuid"]) == ("marts", DATABASE["uuid"])
    mart = f"marts.{dataset['table_name']}"
    columns = {name for name, *_ in marts.execute(f"describe {mart}").fetchall()}
    assert {column["column_name"] for column in dataset["columns"]} <= columns
    assert {dataset["main_dttm_col"] or "cohort"} <= columns
    # results need a running Superset; here only that each expression uses existing columns
    marts.execute(f"select {', '.join(metrics_of(dataset).values())} from {mart}")


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: str(chart["slice_name"]))
def test_charts_name_columns_and_metrics_of_their_datasets(chart: Mapping[str, Any]) -> None:
    dataset, params = DATASETS[chart["dataset_uuid"]], chart["params"]
    assert params["viz_type"] == chart["viz_type"]
    columns = {column["column_name"] for column in dataset["columns"]}
    named = {
        params.get("x_axis"),
        *(params.get("groupby") or ()),
        *params.get("groupbyRows", ()),
        *params.get("groupbyColumns", ()),
        *params.get("all_columns", ()),
        *(json.loads(order)[0] for order in params.get("order_by_cols", ())),
        *(each["subject"] for each in params["adhoc_filters"]),
    } - {None}
    assert named <= columns
    metrics = {params.get("metric"), params.get("timeseries_limit_metric"), *params.get("metrics", ())} - {None}
    assert metrics <= metrics_of(dataset).keys()
    assert metrics or params.get("query_mode") == "raw"


def test_charts_pick_rows_that_may_be_summed(marts: duckdb.DuckDBPyConnection) -> None:
    """Each chart filters one dimension, survey kind and model; otherwise it would count persons and spend twice."""
    for chart in CHARTS.values():
        dataset = DATASETS[chart["dataset_uuid"]]
        chosen = {each["subject"] for each in chart["params"]["adhoc_filters"]}
        chosen |= set(chart["params"].get("groupbyColumns", ()))
        for native in DASHBOARD["metadata"]["native_filter_configuration"]:
            number = next(
                child["meta"]["chartId"]
                for child in DASHBOARD["position"].values()
                if isinstance(child, dict) and child.get("meta", {}).get("uuid") == chart["uuid"]
            )
            (target,) = native["targets"]
            if number not in native["scope"]["excluded"]:
                assert target["datasetUuid"] == chart["dataset_uuid"], chart["slice_name"]
                chosen.add(target["column"]["name"])
        apart = {
            "kpi_funnel": {"framework", "cohort", "dimension"},
            "attribution_performance": {"month_basis", "attribution_model", "conversion_type"},
            "kpi_nps": {"survey_kind", "dimension"},
            "kpi_mrr": {"customer_type"},
        }[dataset["table_name"]]
        assert apart <= chosen, chart["slice_name"]
        for each in chart["params"]["adhoc_filters"]:
            rows = marts.execute(
                f"select count(*) from marts.{dataset['table_name']} where {each['subject']} = ?", [each["comparator"]]
            ).fetchone()
            assert rows is not None and rows[0] > 0, each


def test_the_dashboard_shows_every_chart_and_filters_by_what_is_there(marts: duckdb.DuckDBPyConnection) -> None:
    position = {key: child for key, child in DASHBOARD["position"].items() if isinstance(child, dict)}
    shown = [child["meta"] for child in position.values() if child["type"] == "CHART"]
    assert {meta["uuid"] for meta in shown} == CHARTS.keys()
    assert {meta["uuid"]: meta["sliceName"] for meta in shown} == {
        uuid: chart["slice_name"] for uuid, chart in CHARTS.items()
    }
    for key, child in position.items():
        assert set(child.get("children", ())) <= position.keys(), key
        # twelve columns make a row
        widths = [position[each].get("meta", {}).get("width", 0) for each in child.get("children", ())]
        assert child["type"] != "ROW" or sum(widths) == 12, key
    for native in DASHBOARD["metadata"]["native_filter_configuration"]:
        (target,) = native["targets"]
        table, column = DATASETS[target["datasetUuid"]]["table_name"], target["column"]["name"]
        (default,) = native["defaultDataMask"]["filterState"]["value"]
        found = marts.execute(f"select count(*) from marts.{table} where {column} = ?", [default]).fetchone()
        assert found is not None and found[0] > 0, native["name"]


@pytest.mark.parametrize(("table", "metric", "published", "rows"), RATES, ids=lambda value: str(value)[:30])
def test_rates_are_those_of_the_marts(
    marts: duckdb.DuckDBPyConnection, table: str, metric: str, published: str, rows: str
) -> None:
    (dataset,) = (each for each in DATASETS.values() if each["table_name"] == table)
    answer = marts.execute(
        f"""
        with numbered as (select *, row_number() over () as number_of_row from marts.{table} where {rows})
        select
            count(*) filter (where told is not null),
            count(*) filter (
                where told is distinct from published
                    and not coalesce(abs(told - published) <= 1e-9 * greatest(1, abs(published)), false)
            )
        from (
            select number_of_row, {metrics_of(dataset)[metric]} as told, any_value({published}) as published
            from numbered group by number_of_row
        )
        """
    ).fetchone()
    assert answer is not None
    told, different = answer
    assert told > 10
    assert different == 0


def test_the_bundle_carries_the_uri_and_not_the_password(importer: ModuleType) -> None:
    archive, passwords = importer.bundle(
        ASSETS, "postgresql+psycopg2://bi:s3cret%2F%25word@db.example:5433/marts?sslmode=require"
    )

    assert passwords == {"databases/customer_journey.yaml": SECRET}
    with zipfile.ZipFile(io.BytesIO(archive)) as bundle:
        texts = {name: bundle.read(name).decode("utf-8") for name in bundle.namelist()}
    assert len(texts) == len(list(ASSETS.rglob("*.yaml")))
    assert not [name for name, text in texts.items() if "s3cret" in text or importer.PLACE_OF_URI in text]
    database = yaml.safe_load(texts["customer_journey/databases/customer_journey.yaml"])
    assert database["sqlalchemy_uri"] == "postgresql+psycopg2://bi:XXXXXXXXXX@db.example:5433/marts?sslmode=require"
    assert yaml.safe_load(texts["customer_journey/metadata.yaml"])["type"] == "assets"


@pytest.mark.parametrize(
    "uri",
    [
        "duckdb:////srv/out/journey.duckdb?access_mode=read_only",
        "postgresql://bi@db.example/marts",
        "postgresql:///marts",
    ],
)
def test_a_uri_without_password_stays_as_it_is(importer: ModuleType, uri: str) -> None:
    assert importer.without_password(uri) == (uri, None)


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"SUPERSET_PASSWORD": "", "MARTS_URI": ""}, 2, "set SUPERSET_PASSWORD, MARTS_URI in the environment"),
        ({"SUPERSET_URL": "127.0.0.1:8088"}, 2, "SUPERSET_URL: begins neither with http:// nor with https://"),
        ({"MARTS_URI": "/srv/out/journey.duckdb"}, 2, "MARTS_URI: is no URI"),
        ({}, 1, "Does Superset run there?"),
    ],
)
def test_what_goes_wrong_is_one_line(
    importer: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changed: Mapping[str, str],
    code: int,
    said: str,
) -> None:
    usual = {
        # port 9, where no server listens
        "SUPERSET_URL": "http://127.0.0.1:9",
        "SUPERSET_USER": "admin",
        "SUPERSET_PASSWORD": SECRET,
        "MARTS_URI": "duckdb:////srv/out/journey.duckdb",
    }
    for name, value in {**usual, **changed}.items():
        monkeypatch.setenv(name, value)

    assert importer.main() == code

    told = capsys.readouterr()
    assert told.out == ""
    assert re.fullmatch(r"error: [^\n]+\n", told.err)
    assert said in told.err
    assert SECRET not in told.err


def test_the_picture_is_small_enough_for_a_page() -> None:
    picture: Path = PROJECT / "docs" / "images" / "superset.png"
    assert picture.stat().st_size <= 200_000
