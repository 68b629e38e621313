"""No input row, whatever it contains, stops a build from publishing, and no personal data in it is published."""

import json
import re
from pathlib import Path

import duckdb
from customer_journey.contract import raw_tables

from tests.support.any_rows import FREE_TEXT, NAME, PLANTS, UNSEEN
from tests.support.privacy import published_columns

# free text columns that these random rows leave empty, because few persons buy, churn or answer twice; and label
# columns
SELDOM_RARE = {
    "audit_identifiers_skipped.identifier_type",
    "dim_persons.lead_source",
    "fct_stage_entries.evidence",
    "journey_positions.evidence",
    "fct_churn_events.last_ticket_category",
    "journey_drivers.factor",
    "journey_map_items.item_en",
    "journey_map_items.item_vi",
    "kpi_cohort_value.dimension_value",
    "kpi_cohort_value.dimension_value_label_en",
    "kpi_cohort_value.dimension_value_label_vi",
    "kpi_fulfilment.dimension_value",
    "kpi_fulfilment.dimension_value_label_en",
    "kpi_fulfilment.dimension_value_label_vi",
    "kpi_nps_movements.survey_kind",
    "kpi_retention.dimension_value",
    "kpi_retention.dimension_value_label_en",
    "kpi_retention.dimension_value_label_vi",
    "kpi_sales.dimension_value",
    "kpi_sales.dimension_value_label_en",
    "kpi_sales.dimension_value_label_vi",
}
# what dbt writes around coloured words of its log
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")


def test_nothing_raw_in_logs_and_reports(planted: Path) -> None:
    """No file of text under OUT holds a control character of the rows: a terminal would obey it."""
    texts = {file: file.read_bytes() for file in (planted / "out").rglob("*") if file.is_file() and _is_text(file)}
    assert len(texts) > 5
    assert [str(file) for file, text in texts.items() if CONTROLS.search(COLOUR.sub(b"", text))] == []


def _is_text(file: Path) -> bool:
    return file.suffix in (".csv", ".html", ".json", ".log", ".md", ".txt", ".yml")


def test_anything_that_rules_accept_is_published(planted: Path) -> None:
    """Raw tables with extreme amounts and times, and with addresses and phone numbers in all text columns, publish."""
    assert (planted / "ended").read_text(encoding="utf-8") == "exit 0\n"
    counts = json.loads((planted / "counts.json").read_text(encoding="utf-8"))
    assert len(counts) == len(raw_tables())
    with duckdb.connect(str(planted / "out" / "journey.duckdb"), read_only=True) as connection:
        states = connection.execute(
            "select source_table, rows_in, accepted + duplicates + quarantined + deferred + erased, accepted"
            " from marts.audit_reconciliation where rows_in > 0"
        ).fetchall()
        assert {table: accounted for table, _, accounted, _ in states} == counts
        assert {table: rows_in for table, rows_in, _, _ in states} == counts
        # if all rows were refused, the test would prove nothing; an erasure request deletes its person
        assert {table for table, _, _, accepted in states if accepted == 0} <= {"privacy.erasure_requests"}
        rare = {
            f"{table}.{column}"
            for table, column in connection.execute(
                "select table_name, column_name from information_schema.columns"
                " where table_schema = 'marts' and data_type = 'VARCHAR'"
            ).fetchall()
            if connection.execute(f"select 1 from marts.{table} where \"{column}\" like '%(rare)%' limit 1").fetchall()
        }
        text = "\n".join(
            row
            for (table,) in connection.execute(
                "select table_name from information_schema.tables where table_schema = 'marts'"
            ).fetchall()
            for (row,) in connection.execute(f"select t::varchar from marts.{table} as t").fetchall()
        ).casefold()
    assert [plant for plant in (FREE_TEXT, NAME, *PLANTS) if plant.casefold() in text] == []
    assert set(UNSEEN) & set(text) == set()
    free_text = {name for name, privacy in published_columns().items() if privacy == "free_text"}
    assert rare <= free_text
    assert free_text - rare <= SELDOM_RARE
