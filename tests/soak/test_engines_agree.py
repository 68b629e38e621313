"""A small demo company on both engines: equal marts, and a comparison that detects differences.

DuckDB builds it from files and Spark from tables of an EL tool in its catalog, which hold the same rows.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from customer_journey.comparison.compare import compare
from customer_journey.paths import PROJECT, Output
from customer_journey.privacy.hash_key import ENVIRONMENT_VARIABLE, hash_key
from demo_company import generate

from tests.support.builds import publish, run_build_with, write_rows
from tests.support.el_tool import SCHEMAS, run_in_catalog, write_typed
from tests.support.erasure import REQUEST, traces_under, write_hoa

SCALE = 0.02
ON_SPARK = ("--target", "spark", "--raw-schemas", SCHEMAS)
COMMAND = (sys.executable, "-m", "customer_journey", "build")
COPIED = ("models", "macros", "seeds", "tests/dbt", "expectations", "examples/demo", "scripts/customer_journey")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw tables of a small demo company with dirt and erasure requests, and one more person."""
    folder = tmp_path_factory.mktemp("raw")
    generate(folder, scale=SCALE)
    write_hoa(folder, "hoa")
    return folder


@pytest.fixture(scope="module")
def on_duckdb(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of the build on DuckDB."""
    return publish(raw, tmp_path_factory.mktemp("duckdb")).parent


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the EL tool keeps the files of its tables, outside the output folder."""
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(scope="module")
def on_spark(raw: Path, tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Output:
    """The output folder of the build on Spark; its name has a blank, as names of real folders do."""
    output = Output(tmp_path_factory.mktemp("on spark"))
    run_in_catalog(output.root, write_typed(raw, tables))
    shutil.copy(raw / "vars.yml", output.root)
    done = run_build_with(output.root, *ON_SPARK)
    assert done.returncode == 0, done.stderr[-4000:]
    return output


def test_both_engines_publish_equal_marts(on_duckdb: Path, on_spark: Output) -> None:
    """Invariant 6: both engines publish the same marts.

    One reads files and the other tables of an EL tool, whose values have other types.
    """
    marts, differences = compare(on_duckdb / "journey.duckdb", on_spark.published_on_spark)
    assert marts > 20
    assert differences == []


def test_nothing_of_an_export_stays(on_spark: Output) -> None:
    """Exports to Spark leave no files behind, which no erasure would reach."""
    assert not on_spark.exports.exists()


def test_broken_macro_is_noticed(raw: Path, on_spark: Output, tmp_path: Path) -> None:
    """The comparison detects a macro that is broken on one engine: weeks that begin on another day."""
    project = tmp_path / "project"
    for folder in COPIED:
        shutil.copytree(PROJECT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / file, project)
    macros = project / "macros" / "cross_engine.sql"
    text = macros.read_text(encoding="utf-8")
    broken = text.replace("isodow({{ date }})", "(1 + dayofweek({{ date }}))")
    assert broken != text
    macros.write_text(broken, encoding="utf-8")
    done = subprocess.run(
        [*COMMAND, "--raw", str(raw), "--out", str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": str(project / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    _, differences = compare(tmp_path / "out" / "journey.duckdb", on_spark.published_on_spark)
    assert [difference.mart for difference in differences] == ["dim_dates"]
    assert "weekday_en: " in differences[0].examples[0]


def test_folder_stays_with_its_engine(raw: Path, on_spark: Output) -> None:
    """A folder built by Spark is refused for DuckDB, since its Spark tables would escape erasure."""
    done = subprocess.run(
        [*COMMAND, "--raw", str(raw), "--out", str(on_spark.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"error: --target duckdb: {on_spark.root} was built on spark. Choose another --out, or --target spark.\n"
    )


def test_key_and_addresses_stay_private(on_spark: Output) -> None:
    """Published marts and logs contain neither the hash key nor addresses."""
    folders = json.loads(on_spark.published_on_spark.read_text(encoding="utf-8"))["marts"].values()
    files = [file for folder in (*folders, on_spark.logs) for file in Path(folder).iterdir()]
    assert len(files) > 20
    for file in files:
        content = file.read_bytes()
        assert hash_key().encode() not in content, file
        assert b"@gmail.com" not in content, file


def test_key_that_spark_redacts_is_refused(raw: Path, tmp_path: Path) -> None:
    """A key that Spark would redact is refused: all such keys would hash alike and could be guessed."""
    done = subprocess.run(
        [*COMMAND, "--target", "spark", "--raw", str(raw), "--out", str(tmp_path)],
        env={**os.environ, ENVIRONMENT_VARIABLE: "a-secret-key-of-our-own"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Choose another JOURNEY_HASH_KEY" in done.stderr
    assert "a-secret-key-of-our-own" not in done.stdout + done.stderr


def test_nothing_is_left_of_a_person_erased_on_spark(
    raw: Path, tables: Path, on_duckdb: Path, on_spark: Output
) -> None:
    """Invariant 9: nothing of an erased person is left in landed files, model tables or the build before.

    The last test of this file, since it builds again. The EL tool's tables still hold the person, so the same rows are
    exported again, and the build names the tables to clean.
    """
    assert traces_under(on_spark.root), "the test would not see a trace if there was one"
    write_rows(raw, "privacy/erasure_requests", [REQUEST], part="hoa")
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select $request_id as request_id, $identifier_type as identifier_type,"
            " $identifier_value as identifier_value, $requested_at as requested_at)"
            f" to '{tables / 'privacy' / 'erasure_requests' / 'part-1.parquet'}'",
            REQUEST,
        )

    done = run_build_with(on_spark.root, *ON_SPARK)

    assert done.returncode == 0, done.stderr[-4000:]
    assert traces_under(on_spark.root) == {}
    for table, rows in (("crm.contacts", 2), ("orders.order_items", 1), ("privacy.erasure_requests", 2)):
        assert f"el_{table} holds {rows} rows of erased persons" in done.stdout
    _, differences = compare(publish(raw, on_duckdb), on_spark.published_on_spark)
    assert differences == []
