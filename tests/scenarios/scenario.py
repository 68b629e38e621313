"""Named scenarios: a few raw rows, in one or several arrivals, and the mart rows they must give, worked out by hand.

A scenario is a .yml file in this folder:

    scenario: late_identification
    guards: the behaviour that it protects
    arrivals:                      # one a build; each maps raw tables to rows
      - web/events:
          - {event_id: late-1, anonymous_id: late-cookie, occurred_at: 2026-01-01 10:00:00, event_name: page_view}
      - web/identities: […]
    expected:                      # mart -> columns and rows, in any order; all rows of the scenario's persons
      fct_orders:
        columns: [order_id, person, net_revenue]
        where: is_conversion       # optional: which of these rows
        rows:
          - [late-order, "anonymous_id:late-cookie", 100]
    row_states:                    # optional: raw table -> key -> what became of each row that was landed with it
      orders/orders: {late-order: [accepted, duplicate exact]}

Every id, cookie, e-mail and phone must be the scenario's own. `person` stands for person_id: the identifier that the
person is named after. The views below add what makes other keys readable. A file without `expected` for a mart says
nothing of it. In a mart without persons a scenario owns what its `where` selects, for example a month that no other
scenario touches. `identifier` stands for identifier_hash: the identifier as the warehouse knows it. The parts of a key
in `row_states` are joined by a slash.

The folder `blocked` holds scenarios that no build survives yet: with one of them nothing at all is published. Each
moves up here once the build bears it.
"""

import hashlib
import random
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml
from customer_journey.paths import PROJECT
from customer_journey.privacy.hash_key import hash_key

from tests.support.builds import write_required_tables, write_rows, write_settings

FOLDER = Path(__file__).parent
ARRIVALS = 3
SETTINGS = {
    "as_of": "2026-06-30T00:00:00Z",
    "reporting_timezone": "UTC",
    # shortly before the first scenario, so that no mart needs days back to 1990
    "earliest_date": "2017-01-01",
    "reporting_currency": "USD",
    "currency_decimals": 2,
    "default_phone_country": "VN",
    # low, so that CLV has a fit on both engines although the scenarios have few customers
    "clv_min_customers": 5,
}

_LABELLED = {"person": "person_id", "identifier": "identifier_hash"}

VIEWS = {
    "fct_attribution": """
        select attribution.*, conversions.person_id, conversions.conversion_type, conversions.converted_at,
            conversions.order_id, touchpoints.touched_at, touchpoints.touchpoint_type
        from marts.fct_attribution as attribution
        inner join marts.fct_conversions as conversions using (conversion_id)
        left join marts.fct_touchpoints as touchpoints using (touchpoint_id)""",
    "fct_orders": """
        select orders.*, sessions.started_at as session_started_at
        from marts.fct_orders as orders
        left join marts.fct_sessions as sessions using (session_id)""",
}


@dataclass(frozen=True)
class Scenario:
    """One scenario, as its file has it."""

    name: str
    guards: str
    arrivals: list[dict[str, list[dict[str, object]]]]
    expected: dict[str, dict[str, Any]]
    row_states: dict[str, dict[str, list[str]]]

    def values(self) -> set[str]:
        """Return every value of the scenario's raw rows, as text: among them are its identifiers."""
        return {
            _text(value).strip().lower()
            for arrival in self.arrivals
            for rows in arrival.values()
            for row in rows
            for value in row.values()
        }


@cache
def all_scenarios() -> list[Scenario]:
    """Return the scenarios of this folder, by name."""
    scenarios = []
    for file in sorted(FOLDER.glob("*.yml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert document["scenario"] == file.stem, f"{file.name} calls itself {document['scenario']}"
        assert len(document["arrivals"]) <= ARRIVALS, f"{file.name} has more than {ARRIVALS} arrivals"
        scenarios.append(
            Scenario(
                name=file.stem,
                guards=document["guards"],
                arrivals=document["arrivals"],
                expected=document["expected"],
                row_states=document.get("row_states", {}),
            )
        )
    return scenarios


def persons_of(scenario: Scenario, warehouse: Path) -> dict[str, str]:
    """Return the scenario's persons: person_id -> the identifier that the person is named after."""
    values = scenario.values()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select identifier, identifier_value, person_id from intermediate.int_person_identifiers"
        ).fetchall()
    names = {_keyed_hash(f"person|{identifier}"): identifier for identifier, _, _ in rows}
    digits = {"".join(character for character in value if character.isdigit())[-9:] for value in values}
    return {
        person_id: names[person_id]
        for identifier, value, person_id in rows
        if value.lower() in values or (identifier.startswith("phone:") and value[-9:] in digits)
    }


def _keyed_hash(text: str) -> str:
    # a person is named by the keyed hash of the earliest identifier
    return hashlib.sha256(f"{hash_key()}|{text}".encode()).hexdigest()[:32]


def actual_rows(published: Path, mart: str, expected: dict[str, Any], persons: dict[str, str]) -> list[tuple[str, ...]]:
    """Return the rows of a mart that belong to the scenario, each value as text, sorted."""
    columns = expected["columns"]
    with duckdb.connect(str(published), read_only=True) as connection:
        relation = connection.sql(VIEWS.get(mart, f"select * from marts.{mart}"))
        if "person_id" in relation.columns:
            connection.execute("create temp table persons as select unnest(?) as person_id", [list(persons)])
            relation = relation.filter("person_id in (select person_id from persons)")
        if "where" in expected:
            relation = relation.filter(expected["where"])
        rows = relation.project(", ".join(_LABELLED.get(column, column) for column in columns)).fetchall()
    identifiers = {
        _keyed_hash(str(value)): value
        for row in expected["rows"]
        for column, value in zip(columns, row, strict=True)
        if column == "identifier"
    }
    labels = {"person": persons, "identifier": identifiers}
    labelled = [
        [labels.get(column, {}).get(value, value) for column, value in zip(columns, row, strict=True)] for row in rows
    ]
    return sorted(tuple(_text(value) for value in row) for row in labelled)


def expected_rows(rows: list[list[object]]) -> list[tuple[str, ...]]:
    """Return the scenario's expected rows in the form of `actual_rows`."""
    return sorted(tuple(_text(value) for value in row) for row in rows)


def row_states(warehouse: Path, label: str, keys: list[str]) -> dict[str, list[str]]:
    """Return the states of the rows of a raw table with these keys: key -> sorted states."""
    source_name, table_name = label.split("/")
    sources = (PROJECT / f"models/staging/{source_name}/_{source_name}__sources.yml").read_text(encoding="utf-8")
    tables = yaml.safe_load(sources)["sources"][0]["tables"]
    columns = next(table["columns"] for table in tables if table["name"] == table_name)
    parts = [f"staged.{column['name']}::varchar" for column in columns if column["config"]["meta"].get("key")]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            f"""
            select
                concat_ws('/', {", ".join(parts)}) as row_key,
                coalesce(rejects.row_status, staged.row_status) as row_status,
                staged.row_reason
            from staging.stg_{source_name}__{table_name} as staged
            left join intermediate.int_integrity_rejects as rejects
                on rejects.source_table = ?
                and staged._file_id = rejects._file_id
                and staged._row_number = rejects._row_number
            where row_key in (select unnest(?))
            """,
            [f"{source_name}.{table_name}", keys],
        ).fetchall()
    states: dict[str, list[str]] = {key: [] for key in keys}
    for row_key, status, reason in rows:
        states[row_key].append(f"{status} {reason}" if status == "duplicate" else status)
    return {key: sorted(found) for key, found in states.items()}


def _text(value: object) -> str:
    if value is None:
        return "∅"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return f"{Decimal(str(value)).normalize():f}"
    return str(value)


def rows_of(arrival: int) -> dict[str, list[dict[str, object]]]:
    """Return the rows of all scenarios in one arrival, by raw table."""
    tables: dict[str, list[dict[str, object]]] = {}
    for scenario in all_scenarios():
        if arrival < len(scenario.arrivals):
            for label, rows in scenario.arrivals[arrival].items():
                tables.setdefault(label, []).extend(rows)
    return tables


def write_shuffled(raw: Path) -> None:
    """Write the rows of all scenarios and arrivals at once, shuffled and split over two files per table."""
    write_settings(raw, SETTINGS)
    shuffle = random.Random(7)
    tables: dict[str, list[dict[str, object]]] = {}
    for arrival in range(ARRIVALS):
        for label, rows in rows_of(arrival).items():
            tables.setdefault(label, []).extend(rows)
    for label, rows in tables.items():
        shuffle.shuffle(rows)
        middle = len(rows) // 2
        write_rows(raw, label, rows[:middle], part="b")
        write_rows(raw, label, rows[middle:], part="a")
    write_required_tables(raw)
