"""Every place that must list all raw tables does so; a missing one is named in seconds, without a build."""

import pytest
import yaml
from customer_journey.contract import RawTable, raw_tables
from customer_journey.paths import PROJECT
from onboarding.macros import Macros

TABLES = raw_tables()
each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.label)


def test_macro_that_lists_raw_tables_has_each() -> None:
    listed = [tuple(pair) for pair in Macros("duckdb").context["staged_tables"]()]
    described = [(table.source, table.name) for table in TABLES]
    assert sorted(listed) == sorted(described), "staged_tables() of macros/staging.sql lists what the sources describe"


@each_table
def test_raw_table_has_a_staging_model(table: RawTable) -> None:
    folder = PROJECT / "models/staging" / table.source
    for suffix in ("sql", "yml"):
        file = folder / f"stg_{table.source}__{table.name}.{suffix}"
        assert file.exists(), f"add {file.relative_to(PROJECT)}"


@each_table
def test_raw_table_has_expectations(table: RawTable) -> None:
    """Each raw table has expectations that name its required columns."""
    file = PROJECT / "expectations/landed" / f"{table.source}.yml"
    entries = yaml.safe_load(file.read_text(encoding="utf-8"))["tables"].get(table.name)
    assert entries, f"add {table.name} to {file.relative_to(PROJECT)}"
    (required,) = [entry for entry in entries if entry["expect"] == "expect_table_columns_to_match_set"]
    assert set(required["column_set"]) == set(table.required_columns)


def test_reconciliation_expects_a_row_for_each() -> None:
    suite = yaml.safe_load((PROJECT / "expectations/marts/audit.yml").read_text(encoding="utf-8"))
    (count,) = [
        entry
        for entry in suite["tables"]["audit_reconciliation"]
        if entry["expect"] == "expect_table_row_count_to_be_between"
    ]
    assert (count["min_value"], count["max_value"]) == (len(TABLES), len(TABLES)), "change expectations/marts/audit.yml"
