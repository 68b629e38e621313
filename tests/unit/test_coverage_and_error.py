"""Intervals of the marts cover the truth as often as they claim, and tests err no more often than they claim.

If all outcomes can be enumerated, each is weighted with its probability; otherwise draws use a fixed seed.
"""

import datetime
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from customer_journey.paths import PROJECT
from numpy.typing import NDArray
from onboarding.macros import Macros
from scipy import stats

Floats = NDArray[np.float64]

SIZES = (30, 100, 300)
SHARES = (0.01, 0.03, 0.1, 0.3, 0.5, 0.9, 0.98)


def _columns(sql: str) -> list[Floats]:
    return [np.asarray(column, dtype=float) for column in duckdb.execute(sql).fetchnumpy().values()]


def _wilson_coverage(trials: int, share: float, low: str, high: str) -> float:
    hits, lows, highs = _columns(
        f"select hits, {low} as low, {high} as high from (select hits, hits / {trials}e0 as rate, {trials} as trials"
        f" from range({trials} + 1) as numbers (hits)) as rated order by hits"
    )
    return float(stats.binom.pmf(hits, trials, share)[(lows <= share) & (share <= highs)].sum())


def test_wilson_intervals_hold_the_share() -> None:
    """Wilson intervals keep their coverage near 0 and 1, where the plain interval fails."""
    macros = Macros("duckdb")
    wilson = [macros.render(f"{{{{ wilson_bound('rate', 'trials', '{side}') }}}}") for side in "-+"]
    wald = [f"rate {side} 1.96e0 * sqrt(rate * (1 - rate) / trials)" for side in "-+"]
    covered = [_wilson_coverage(trials, share, *wilson) for trials in SIZES for share in SHARES]
    plain = [_wilson_coverage(trials, share, *wald) for trials in SIZES for share in SHARES]
    # counts are whole numbers, so no interval can have a coverage of exactly 95 % everywhere
    assert min(covered) > 0.92
    assert np.mean(covered) == pytest.approx(0.955, abs=0.01)
    assert min(plain) < 0.3


def _newcombe_coverage(trials: int, share: float, other_share: float) -> float:
    macros = Macros("duckdb")
    bounds = [
        macros.render(f"{{{{ newcombe_bound('a', '{trials}', 'b', '{2 * trials}', '{side}') }}}}") for side in "-+"
    ]
    hits, others, lows, highs = _columns(
        f"select hits, others, {bounds[0]} as low, {bounds[1]} as high from (select hits, others, hits / {trials}e0"
        f" as a, others / {2 * trials}e0 as b from range({trials} + 1) as x (hits), range({2 * trials} + 1)"
        " as y (others)) as rated"
    )
    chance = stats.binom.pmf(hits, trials, share) * stats.binom.pmf(others, 2 * trials, other_share)
    difference = share - other_share
    return float(chance[(lows <= difference) & (difference <= highs)].sum())


def test_newcombe_intervals_hold_the_difference() -> None:
    """Newcombe intervals keep their coverage for groups of different size and small shares."""
    covered = [
        _newcombe_coverage(trials, share, other)
        for trials in (30, 100)
        for share, other in ((0.02, 0.02), (0.1, 0.03), (0.5, 0.3), (0.97, 0.9))
    ]
    covered.append(_newcombe_coverage(300, 0.02, 0.05))
    assert min(covered) > 0.93
    assert max(covered) < 0.999


def _nps_coverage(responses: int, promoters: float, detractors: float, low: str, high: str) -> float:
    counts = "promoters, detractors, responses"
    up, down, lows, highs = _columns(
        f"select promoters, detractors, {low} as low, {high} as high from (select {counts} from (select promoters,"
        f" detractors, {responses} as responses from range({responses} + 1) as x (promoters),"
        f" range({responses} + 1) as y (detractors)) as pairs where promoters + detractors <= responses) as counted"
    )
    outcomes = np.stack([up, down, responses - up - down], axis=-1)
    chance = stats.multinomial.pmf(outcomes, responses, [promoters, detractors, 1 - promoters - detractors])
    score = promoters - detractors
    return float(chance[(lows <= score) & (score <= highs)].sum())


def test_nps_intervals_hold_the_score() -> None:
    """NPS intervals keep their coverage where nearly all are promoters and the plain interval has no width."""
    macros = Macros("duckdb")
    sums = "'responses', '(promoters - detractors)', '(promoters + detractors)'"
    adjusted = [macros.render(f"{{{{ adjusted_wald_bound({sums}, '{side}') }}}}") for side in "-+"]
    plain = [
        f"(promoters - detractors) / (responses * 1e0) {side} 1.96e0 * sqrt(greatest(0, (promoters + detractors)"
        " / (responses * 1e0) - ((promoters - detractors) / (responses * 1e0)) ** 2) / responses)"
        for side in "-+"
    ]
    mixes = ((0.98, 0.01), (0.9, 0.05), (0.5, 0.2), (0.2, 0.5), (0.03, 0.01))
    covered = [_nps_coverage(n, *mix, *adjusted) for n in SIZES for mix in mixes]
    assert min(covered) > 0.925
    assert np.mean(covered) == pytest.approx(0.955, abs=0.01)
    assert min(_nps_coverage(n, *mix, *plain) for n in SIZES for mix in mixes) < 0.6


def _emotion_coverage(persons: int, shares: Sequence[float], low: str, high: str) -> float:
    values = np.linspace(-1, 1, len(shares))
    draws = np.random.default_rng(persons).choice(values, size=(4000, persons), p=shares)
    sums = pa.table({"total": draws.sum(axis=1), "squares": (draws**2).sum(axis=1), "persons": [persons] * len(draws)})
    with duckdb.connect() as connection:
        connection.register("sums", sums)
        bounds = connection.execute(f"select {low} as low, {high} as high from sums").fetchnumpy()
    mean = float(values @ shares)
    return float(np.mean((bounds["low"] <= mean) & (mean <= bounds["high"])))


def test_intervals_of_emotion_hold_the_mean() -> None:
    """Emotion intervals keep their coverage for few and equal answers."""
    macros = Macros("duckdb")
    sums = "'persons', 'total', 'squares'"
    adjusted = [macros.render(f"{{{{ adjusted_wald_bound({sums}, '{side}') }}}}") for side in "-+"]
    plain = [
        f"total / persons {side} 1.96e0 * sqrt(greatest(0, squares / persons - (total / persons) ** 2) / persons)"
        for side in "-+"
    ]
    # on a scale of five: content, split, unhappy, nearly all delighted
    mixes = (
        (0.02, 0.03, 0.1, 0.35, 0.5),
        (0.3, 0.1, 0.2, 0.1, 0.3),
        (0.5, 0.2, 0.2, 0.05, 0.05),
        (0.01, 0, 0, 0.04, 0.95),
    )
    covered = [_emotion_coverage(n, mix, *adjusted) for n in (10, *SIZES) for mix in mixes]
    assert min(covered) > 0.92
    assert min(_emotion_coverage(n, mix, *plain) for n in (10, *SIZES) for mix in mixes) < 0.6


def test_two_proportions_that_are_one_are_seldom_told_apart() -> None:
    """The test of two proportions keeps its error rate: Fisher's test replaces the z-test where few convert."""
    macros = Macros("duckdb")
    chosen = macros.render("{{ proportions_p_value('z', 'a', 'm', 'b', 'n') }}")
    z = macros.render("{{ pooled_z('a', 'm', 'b', 'n') }}")
    errors, plain_errors = [], []
    for trials, others in ((30, 30), (30, 150), (100, 100)):
        hits, other_hits, p_values, distances = _columns(
            f"select a, b, coalesce({chosen}, 1) as p, abs(coalesce(z, 0)) as z from (select *, {z} as z"
            f" from (select a, b, {trials} as m, {others} as n from range({trials} + 1) as x (a), range({others} + 1)"
            " as y (b)) as t) as t"
        )
        for share in SHARES:
            chance = stats.binom.pmf(hits, trials, share) * stats.binom.pmf(other_hits, others, share)
            errors.append(chance[p_values < 0.05].sum())
            plain_errors.append(chance[distances > 1.96].sum())
    assert max(errors) < 0.06
    assert max(plain_errors) > 0.065
    # a test that never rejects would not err either
    assert max(errors) > 0.045


@pytest.fixture
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse in which a test creates the tables that a model reads."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table dim_labels"
            " (kind varchar, value varchar, rank decimal(4, 1), label_en varchar, label_vi varchar)"
        )
        yield connection


def _rows_of(model: str, tables: duckdb.DuckDBPyConnection, columns: str, **settings: object) -> list[tuple[Any, ...]]:
    """Return the rows that a model's SQL makes of the tables named like its references."""
    modules = SimpleNamespace(datetime=datetime, pytz=SimpleNamespace(utc=datetime.UTC))
    macros = Macros("duckdb", settings, ref=lambda name: name, modules=modules)
    source = next((PROJECT / "models").rglob(f"{model}.sql")).read_text(encoding="utf-8")
    return tables.execute(f"select {columns} from ({macros.render(source)}) as model").fetchall()


FRAMEWORKS = 150


def test_drivers_of_shuffled_outcomes_are_none(tables: duckdb.DuckDBPyConnection) -> None:
    """With random outcomes, drivers are found in at most one of twenty frameworks.

    150 frameworks with the same 300 persons, whose factors are correlated, and shuffled outcomes. In one more, the
    outcome follows a factor, which must be found.
    """
    generator = np.random.default_rng(20260630)
    persons = 300
    taste = generator.normal(size=persons)
    has = generator.normal(size=(40, persons)) + 0.7 * taste < np.linspace(-1.2, 1.2, 40)[:, None]
    outcomes = np.array([generator.permutation(persons) < 90 for _ in range(FRAMEWORKS)] + [has[20] ^ (taste > 1.5)])
    facts = pa.table({"item_key": np.nonzero(has)[0], "person_key": np.nonzero(has)[1]})
    cohorts = pa.table(
        {
            "stage_number": np.repeat(np.arange(FRAMEWORKS + 1), persons),
            "person_key": np.tile(np.arange(persons), FRAMEWORKS + 1),
            "is_converted": outcomes.ravel(),
        }
    )
    tables.register("dealt", cohorts)
    tables.register("held", facts)
    for statement in (
        "create table int_stage_cohorts as select *, not is_converted as is_dropped,"
        " timestamp '2026-01-01' as entered_at, null::timestamp as exited_at, 'channel ' || person_key % 4"
        " as channel, 'unknown' as customer_type, 'persona ' || person_key % 3 as persona from dealt",
        "create table int_framework_stages as select n as stage_number, 'world ' || n as framework, 'stage' as stage,"
        " 1 as rank, 0::bigint as definitions, n // 63 as mask_number, (1::bigint << (n % 63)) as mask_bit"
        f" from range({FRAMEWORKS + 1}) as numbers (n)",
        "create table int_stage_episodes as select 1::bigint as bit, 'order' as evidence",
        "create table int_journey_items as select n as item_key, 'action' as fact_type, 'item ' || n as item,"
        " true as is_counted_by_person from range(40) as numbers (n)",
        "create table int_journey_facts as select *, timestamp '2026-01-03' as happened_at from held",
    ):
        tables.execute(statement)
    columns = "framework, factor, p_value, is_significant"
    masks = FRAMEWORKS // 63 + 1
    found = _rows_of("journey_drivers", tables, columns, stage_masks=masks, as_of="2026-06-30T17:00:00Z")
    # everybody has the same type, so there is no test
    rows = [row for row in found if row[2] is not None]
    worlds = {f"world {number}" for number in range(FRAMEWORKS)}
    assert len(rows) > 40 * FRAMEWORKS
    told_apart = {row[0] for row in rows if row[3]} & worlds
    assert len(told_apart) / FRAMEWORKS <= 0.1
    # without adjustment, one factor in twenty would be significant, and nearly every framework would have one
    assert np.mean([row[2] < 0.05 for row in rows if row[0] in worlds]) == pytest.approx(0.05, abs=0.02)
    assert len({row[0] for row in rows if row[2] < 0.05} & worlds) / FRAMEWORKS > 0.6
    assert "item 20" in {row[1] for row in rows if row[0] == f"world {FRAMEWORKS}" and row[3]}


EXPERIMENTS = 400


def test_experiments_without_an_effect_show_none(tables: duckdb.DuckDBPyConnection) -> None:
    """Without an effect, at most one of twenty experiments has a significant result.

    400 experiments with a control and two variants of 120 persons each: 8 % buy, of whom few spend much, and 2 % become
    a lead, so that Fisher's test is used too.
    """
    generator = np.random.default_rng(20260630)
    people = EXPERIMENTS * 3 * 120
    buys, leads = generator.random(people) < 0.08, generator.random(people) < 0.02
    spent = np.round(generator.lognormal(3, 1, people), 2)
    tables.register("drawn", pa.table({"n": np.arange(people), "buys": buys, "leads": leads, "spent": spent}))
    for statement in (
        "create table fct_experiment_exposures as select 'e' || n // 360 as experiment, 'v' || n % 3 as variant,"
        " n % 3 = 0 as is_control, 'p' || n as person_id, timestamp '2026-01-01' as exposed_at,"
        " date '2026-01-01' as exposed_date, false as is_in_several_variants, false as is_bot from drawn",
        "create table fct_conversions as select 'p' || n as person_id, 'order' as conversion_type,"
        " timestamp '2026-01-02' as converted_at, spent::decimal(18, 4) as revenue from drawn where buys"
        " union all select 'p' || n, 'lead', timestamp '2026-01-02', 0 from drawn where leads",
        "create table conversion_types as select * from (values ('order', true), ('lead', false))"
        " as types (conversion_type, has_revenue)",
        "create table experiment_splits (experiment varchar, variant varchar, share decimal(9, 6))",
    ):
        tables.execute(statement)
    columns = (
        "experiment", "test", "p_value", "p_value_adjusted", "lift_low", "lift_high", "revenue_p_value",
        "revenue_p_value_adjusted", "revenue_lift_low", "revenue_lift_high", "sample_ratio_p_value",
    )  # fmt: skip
    found = _rows_of("kpi_experiments", tables, ", ".join(columns), as_of="2026-06-30T00:00:00Z")
    rows = [dict(zip(columns, row, strict=True)) for row in found if row[2] is not None]
    assert len(rows) > 3.9 * EXPERIMENTS
    assert {row["test"] for row in rows} == {"z_test", "fisher_exact"}
    paid = [row for row in rows if row["revenue_p_value"] is not None]

    def share(those: list[dict[str, Any]], holds: Callable[[dict[str, Any]], bool]) -> float:
        return float(np.mean([holds(row) for row in those]))

    def experiments_with(those: list[dict[str, Any]], column: str) -> float:
        return len({row["experiment"] for row in those if row[column] < 0.05}) / EXPERIMENTS

    assert 0.01 < share(rows, lambda row: row["p_value"] < 0.05) < 0.055
    assert 0.015 < share(paid, lambda row: row["revenue_p_value"] < 0.05) < 0.06
    # share of experiments with a significant result in any of their comparisons
    assert experiments_with(rows, "p_value") > 0.09
    assert experiments_with(rows, "p_value_adjusted") < 0.06
    assert experiments_with(paid, "revenue_p_value_adjusted") < 0.06
    bounded = [row for row in rows if row["lift_low"] is not None]
    assert share(bounded, lambda row: row["lift_low"] <= 0 <= row["lift_high"]) > 0.94
    paid_bounded = [row for row in paid if row["revenue_lift_low"] is not None]
    assert len(paid_bounded) > EXPERIMENTS
    assert share(paid_bounded, lambda row: row["revenue_lift_low"] <= 0 <= row["revenue_lift_high"]) > 0.93


COMPANIES = 300


@pytest.mark.parametrize("customers", [30, 100])
def test_intervals_of_attribution_shares_hold_the_share(customers: int, tables: duckdb.DuckDBPyConnection) -> None:
    """Whoever buys six times by one channel is one customer: as six conversions the interval would be too narrow.

    300 companies, one a conversion type, with these shares. A customer has a taste of channels, one to six conversions
    and one to five touches before each; credit goes in equal parts, or all of it to the last touch.
    """
    generator = np.random.default_rng(20260630)
    shares = np.array([0.5, 0.25, 0.15, 0.08, 0.02])
    people = COMPANIES * customers
    tastes = np.cumsum(generator.dirichlet(shares * 4, people), axis=1)
    conversions = np.repeat(np.arange(people), np.minimum(generator.geometric(0.6, people), 6))
    touches = np.repeat(np.arange(len(conversions)), np.minimum(generator.geometric(0.45, len(conversions)), 5))
    is_last = np.append(np.diff(touches) > 0, True)
    person = conversions[touches]
    drawn = {
        "touch": np.arange(len(touches)),
        "conversion": touches,
        "person": person,
        "channel": (generator.random(len(touches))[:, None] > tastes[person][:, :-1]).sum(axis=1),
        "equally": 1 / np.bincount(touches)[touches],
        "last": is_last.astype(float),
    }
    tables.register("drawn", pa.table(drawn))
    for statement in (
        "create table fct_attribution as select conversion as conversion_id, touch as touchpoint_id,"
        " 'c' || channel as channel, attribution_model, credit::decimal(18, 12) as credit,"
        " 0::decimal(18, 4) as attributed_revenue from drawn unpivot (credit for attribution_model in (equally, last))",
        f"create table fct_conversions as select distinct conversion as conversion_id, 'p' || person as person_id,"
        f" 'unknown' as company_id, 'company ' || person // {customers} as conversion_type from drawn",
        "create table dim_attribution_models as select * from (values ('equally', false), ('last', false))"
        " as models (attribution_model, is_data_driven)",
    ):
        tables.execute(statement)
    rows = _rows_of("attribution_model_comparison", tables, "attribution_model, channel, share_low, share_high, share")
    for model in ("equally", "last"):
        held = [
            np.mean([low <= share <= high for of, name, low, high, *_ in rows if (of, name) == (model, f"c{number}")])
            for number, share in enumerate(shares)
        ]
        assert min(held) > 0.91, held
        assert 0.94 < np.mean(held) < 0.97
    # as if each conversion were another customer's, of the same rows
    reach = 1.96 * np.sqrt(0.25 * COMPANIES / len(np.unique(touches)))
    naive = [abs(share - 0.5) <= reach for model, channel, _, _, share in rows if (model, channel) == ("last", "c0")]
    assert np.mean(naive) < 0.93
