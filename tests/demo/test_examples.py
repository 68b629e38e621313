"""Example conditions in descriptions and docs/bi.md, such as `where framework = …`, which analysts copy."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import yaml
from customer_journey.paths import PROJECT
from scipy import stats

from tests.properties.attribution_models import Attribution
from tests.properties.paths import Conversion, Touch, World
from tests.support.demo import Demo

EXAMPLE = re.compile(r"`where ([^`]+)`")
# `kpi_nps where survey_kind = 'relational' and dimension = 'all'`
IN_TABLE = re.compile(r"`(\w+) where ([^`]+)`")
# rows of these marts belong to one value of these columns; sums over all values are meaningless
SLICES = frozenset({"framework", "attribution_model", "conversion_type", "month_basis", "survey_kind", "dimension"})
# an example names one of those that the mart has; otherwise it would add up all months, the running one among them
PERIODS = frozenset({"period", "cohort", "cohort_month", "month_start", "date_day"})

# What several values need on their other road. Facts have one row per event, so each view says what counts.
VIEWS = """
    create temp view counted_sessions as
    select * from marts.fct_sessions where not is_bot and not is_endless;

    -- each attributable touch on the way to a conversion
    create temp table paths as
    with windows as (
        select
            *,
            greatest(
                coalesce(
                    lag(converted_at) over (partition by person_id, conversion_type order by converted_at),
                    timestamp '1900-01-01'
                ),
                converted_at - interval 90 day
            ) as opened_after
        from (
            select distinct person_id, conversion_type, converted_at
            from marts.fct_conversions
            where person_id <> 'unknown'
        )
    )
    select
        conversions.conversion_id, conversions.conversion_type, conversions.person_id, conversions.converted_date,
        touches.channel,
        row_number() over (partition by conversion_id order by touches.touched_at, touches.touchpoint_id) as place,
        count(*) over (partition by conversion_id) as length
    from marts.fct_conversions as conversions
    inner join windows using (person_id, conversion_type, converted_at)
    inner join marts.fct_touchpoints as touches
        on conversions.person_id = touches.person_id
        and touches.is_attributable
        and touches.touched_at > windows.opened_after
        and touches.touched_at <= conversions.converted_at;

    -- the purchases of each account: a company, else a person
    create temp view account_purchases as
    select
        case when company_id <> 'unknown' then company_id else person_id end as account_id,
        converted_date as purchased_date
    from marts.fct_conversions
    where conversion_type in ('order', 'deal_won');

    -- the months in which an account bought, began to pay a subscription, or had MRR at the end
    create temp table account_months as
    with months as (
        select unnest(generate_series(date '2024-01-01', date '2026-06-01', interval 1 month)) as month_start
    ),
    month_ends as (
        select month_start, account_id, subscription_id, max_by(mrr_after, change_number) as mrr
        from months
        inner join marts.fct_subscription_changes on changed_date < month_start + interval 1 month
        group by all
    )
    select account_id, month_start from month_ends group by all having sum(mrr) > 0
    union
    select account_id, date_trunc('month', purchased_date) from account_purchases
    union
    select account_id, date_trunc('month', changed_date) from marts.fct_subscription_changes where is_payment_start;
"""


@dataclass(frozen=True)
class Example:
    """A condition on a mart, and where it is written."""

    place: str
    mart: str
    condition: str


@dataclass(frozen=True)
class Value:
    """A value of an example, and the query that finds it by another road."""

    mart: str
    condition: str
    figure: str
    value: float | str
    again: str


def examples() -> Iterator[Example]:
    """All conditions of the marts' descriptions and of docs/bi.md."""
    for file in sorted((PROJECT / "models" / "marts").rglob("*.yml")):
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models") or []:
            for condition in EXAMPLE.findall(" ".join(model["description"].split())):
                yield Example(file.name, model["name"], condition)
    for line in (PROJECT / "docs" / "bi.md").read_text(encoding="utf-8").splitlines():
        for mart, condition in IN_TABLE.findall(line):
            yield Example("docs/bi.md", mart, condition)


def values() -> list[Value]:
    """The table of values."""
    table = yaml.safe_load((Path(__file__).parent / "example_values.yml").read_text(encoding="utf-8"))
    return [Value(row["mart"], row["where"], row["figure"], row["value"], row["again"]) for row in table]


@pytest.fixture(scope="module")
def marts(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file and the private warehouse, with what the other roads need."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        connection.execute(f"attach '{demo.warehouse}' as warehouse (read_only)")
        connection.execute(VIEWS)
        connection.execute("create temp table removal_effects (channel varchar, effect double)")
        connection.executemany("insert into removal_effects values (?, ?)", _removal_effects(connection))
        connection.execute("create temp table significant_factors (stage varchar)")
        connection.executemany("insert into significant_factors values (?)", _significant_factors(connection))
        yield connection


def _removal_effects(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, float]]:
    """Return the removal effect of each channel on orders: the Markov chain is solved again without the channel."""
    touches = connection.execute(
        "select touchpoint_id, person_id, touched_at, channel from marts.fct_touchpoints"
        " where is_attributable and person_id <> 'unknown'"
    ).fetchall()
    orders = connection.execute(
        "select conversion_id, person_id, conversion_type, converted_at, revenue from marts.fct_conversions"
        " where conversion_type = 'order' and person_id <> 'unknown'"
    ).fetchall()
    attribution = Attribution(World([Touch(*row) for row in touches], [Conversion(*row) for row in orders]))
    return [(channel, effect) for (_, channel), effect in attribution.removal_effects.items()]


def _significant_factors(connection: duckdb.DuckDBPyConnection) -> list[tuple[str]]:
    """Return the stage of each significant factor, by scipy's tests of the counts, adjusted over the framework."""
    factors = connection.execute(
        "select stage, advanced_with, advanced - advanced_with, left_with, left_persons - left_with"
        " from marts.journey_drivers where framework = 'adahub_crm' and p_value is not null"
    ).fetchall()
    p_values = []
    for _, *counts in factors:
        cells = [counts[:2], counts[2:]]
        if stats.contingency.expected_freq(cells).min() < 5:
            p_values.append(stats.fisher_exact(cells).pvalue)
        else:
            p_values.append(stats.chi2_contingency(cells, correction=False).pvalue)
    q_values = stats.false_discovery_control(p_values)
    return [(stage,) for (stage, *_), q_value in zip(factors, q_values, strict=True) if q_value <= 0.05]


@pytest.mark.parametrize(
    "example", list(examples()), ids=lambda example: f"{example.place}: {example.mart} {example.condition}"
)
def test_the_rows_of_an_example_add_up(example: Example, marts: duckdb.DuckDBPyConnection) -> None:
    """An example names framework, dimension and period: its rows mix no frameworks, nor `all` with its parts."""
    columns = dict(
        marts.execute(
            "select column_name, data_type from information_schema.columns"
            " where table_catalog = current_catalog() and table_name = ?",
            [example.mart],
        ).fetchall()
    )
    slices = {column for column in columns if column in SLICES}
    for column, data_type in columns.items():
        if data_type == "VARCHAR" and column != "dimension_value":
            (has_all,) = marts.execute(f"select bool_or({column} = 'all') from marts.{example.mart}").fetchall()[0]
            slices |= {column} if has_all else set()
    if re.search(r"\bperiod\b", example.condition):
        # the period determines it
        slices -= {"period_type"}
    unnamed = {column for column in slices if not re.search(rf"\b{column}\b", example.condition)}
    assert not unnamed, f"says nothing of {', '.join(sorted(unnamed))}"
    # facts have a row for each event
    periods = set() if example.mart.startswith("fct_") else PERIODS & columns.keys()
    assert not periods or any(re.search(rf"\b{column}\b", example.condition) for column in periods), "names no period"


@pytest.mark.parametrize("value", values(), ids=lambda value: f"{value.mart} {value.condition}: {value.figure}")
def test_an_example_has_its_value(value: Value, marts: duckdb.DuckDBPyConnection) -> None:
    """Each example gives the value in the table, and another road leads to the same value."""
    asked = marts.execute(f"select {value.figure} from marts.{value.mart} where {value.condition}").fetchall()
    assert _comparable(asked[0][0]) == pytest.approx(value.value, rel=1e-8)
    assert re.search(rf"\bmarts\.{value.mart}\b", value.again) is None, "a mart is no proof of itself"
    again = marts.execute(value.again).fetchall()
    assert _comparable(again[0][0]) == pytest.approx(_comparable(asked[0][0]), rel=1e-9)


def _comparable(value: object) -> float | str:
    return value if isinstance(value, str) else float(str(value))


def test_each_example_has_a_value() -> None:
    """The table has each example once and nothing else, so a new or changed example needs a value."""
    table = Counter((value.mart, value.condition) for value in values())
    assert set(table) == {(example.mart, example.condition) for example in examples()}
    assert set(table.values()) == {1}
    assert len(table) > 55
