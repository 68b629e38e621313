"""Experiments, recalculated from the demo's raw files in plain Python, with other programs for the statistics."""

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, variance

import duckdb
import pytest
from customer_journey.paths import PROJECT
from scipy import optimize, stats
from scipy.stats.contingency import relative_risk

from tests.support.demo_rows import AS_OF, RawOrder, RawRows, assert_share
from tests.support.raw_rows import Rules, accepted_rows

EXPOSURES = Rules(
    key=("experiment", "variant", "is_control", "anonymous_id", "exposed_at"),
    required=("experiment", "variant", "anonymous_id", "exposed_at"), business_time="exposed_at", times=("exposed_at",),
    flags=("is_control",),
)  # fmt: skip

# dbt_project.yml
SAMPLE_RATIO_ALARM = 0.001
EXPERIMENT_WINDOW = timedelta(days=14)


@dataclass(frozen=True)
class Arm:
    """A variant of an experiment: how many persons saw only it, and the results of those whose window is over."""

    persons: int
    revenues: tuple[float, ...]
    converted: int

    @property
    def mature(self) -> int:
        """Persons whose window is over."""
        return len(self.revenues)

    @property
    def table(self) -> list[int]:
        """Converted and not converted persons."""
        return [self.converted, self.mature - self.converted]


def _arm(seen_at: Mapping[str, datetime], brought: Mapping[str, list[tuple[datetime, float]]]) -> Arm:
    mature = {person: moment for person, moment in seen_at.items() if moment + EXPERIMENT_WINDOW <= AS_OF}
    found = [
        [value for at, value in brought.get(person, []) if moment < at <= moment + EXPERIMENT_WINDOW]
        for person, moment in mature.items()
    ]
    return Arm(len(seen_at), tuple(map(math.fsum, found)), sum(map(bool, found)))


def _holm(p_values: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Adjust p-values by Holm's method (1979): the smallest times n, the next times n - 1, never decreasing."""
    adjusted, worst = {}, 0.0
    for place, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        worst = max(worst, min(1.0, p_values[name] * (len(p_values) - place)))
        adjusted[name] = worst
    return adjusted


def test_experiments(
    raw: RawRows, orders: Mapping[str, RawOrder], persons: dict[str, str], marts: duckdb.DuckDBPyConnection
) -> None:
    """Results of experiments per person, without bots and persons who saw both variants, with the sample ratio test."""
    seen_first: defaultdict[tuple[str, str], dict[str, datetime]] = defaultdict(dict)
    controls: dict[str, str] = {}
    for row in accepted_rows(raw.left("web/experiment_exposures"), EXPOSURES, AS_OF):
        person, variants = persons[f"anonymous_id:{row['anonymous_id']}"], seen_first
        first = variants[row["experiment"], row["variant"]]
        first[person] = min(first.get(person, datetime.max), row["exposed_at"])
        if row["is_control"]:
            controls[row["experiment"]] = row["variant"]
    # orders from the raw files; other conversion types are tested elsewhere
    brought: defaultdict[str, defaultdict[str, list[tuple[datetime, float]]]] = defaultdict(lambda: defaultdict(list))
    for order in orders.values():
        if order.is_conversion and order.person:
            brought["order"][order.person].append((order.row["ordered_at"], float(order.net_revenue)))
    for conversion_type, person, at, revenue in marts.execute(
        "select conversion_type, person_id, converted_at, revenue from marts.fct_conversions"
        " where conversion_type <> 'order'"
    ).fetchall():
        brought[conversion_type][person].append((at, float(revenue)))
    variants_of: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for (experiment, variant), first in seen_first.items():
        for person in first:
            variants_of[experiment, person].add(variant)
    with (PROJECT / "seeds" / "conversion_types.csv").open(encoding="utf-8") as stream:
        types = {row["conversion_type"]: row["has_revenue"] == "true" for row in csv.DictReader(stream)}
    arms = {
        (experiment, variant, conversion_type): _arm(
            {person: moment for person, moment in first.items() if len(variants_of[experiment, person]) == 1},
            brought[conversion_type],
        )
        for (experiment, variant), first in seen_first.items()
        for conversion_type in types
    }
    in_both = Counter(experiment for (experiment, _), variants in variants_of.items() if len(variants) > 1)
    with (PROJECT / "seeds" / "experiment_splits.csv").open(encoding="utf-8") as stream:
        splits = {(row["experiment"], row["variant"]): float(row["share"]) for row in csv.DictReader(stream)}

    published = {
        row[:3]: row[3:]
        for row in marts.execute(
            "select experiment, variant, conversion_type, is_control, persons, mature_persons, conversions,"
            " conversion_rate, conversion_rate_low, conversion_rate_high, lift, lift_low, lift_high, test, p_value,"
            " p_value_adjusted, power_of_10_percent_lift, revenue, revenue_per_person, revenue_lift,"
            " revenue_lift_low, revenue_lift_high,"
            " revenue_p_value, revenue_p_value_adjusted, persons_in_both, sample_ratio_p_value,"
            " has_sample_ratio_mismatch from marts.kpi_experiments"
        ).fetchall()
    }

    assert set(published) == set(arms)
    assert len(controls) == 3
    tests_made: Counter[str | None] = Counter()
    for experiment, control in controls.items():
        rates, revenues = {}, {}
        for (of, variant, conversion_type), arm in arms.items():
            if of != experiment or variant == control:
                continue
            against = arms[experiment, control, conversion_type]
            test = _test_of(arm, against)
            tests_made[test[0]] += 1
            if test[1] is not None:
                rates[variant, conversion_type] = test
            if any(arm.revenues) or any(against.revenues):
                revenues[variant, conversion_type] = stats.ttest_ind(arm.revenues, against.revenues, equal_var=False)
        rates_adjusted = _holm({name: test[1] for name, test in rates.items() if test[1] is not None})
        revenues_adjusted = _holm({name: test.pvalue for name, test in revenues.items()})
        for (of, variant, conversion_type), arm in arms.items():
            if of != experiment:
                continue
            numbers = published[of, variant, conversion_type]
            against, name = arms[experiment, control, conversion_type], (variant, conversion_type)
            assert numbers[:4] == (variant == control, arm.persons, arm.mature, arm.converted)
            assert_share(arm.converted, arm.mature, *numbers[4:7])
            assert numbers[14] == (round(math.fsum(arm.revenues)) if types[conversion_type] else None)
            if variant == control:
                assert numbers[7:14] == (None,) * 7
                assert numbers[16:21] == (None,) * 5
                continue
            if arm.converted and against.converted:
                risk = relative_risk(arm.converted, arm.mature, against.converted, against.mature)
                bounds = risk.confidence_interval(0.95)
                assert numbers[7:10] == pytest.approx([risk.relative_risk - 1, bounds.low - 1, bounds.high - 1])
            assert numbers[10:13] == pytest.approx((*rates.get(name, (None, None)), rates_adjusted.get(name)))
            assert numbers[13] == (
                pytest.approx(_power(arm, against)) if rates.get(name, (None,))[0] == "z_test" else None
            )
            if name in revenues and any(against.revenues):
                assert numbers[16:19] == pytest.approx(_revenue_lift(arm, against, revenues[name].df))
            p_value = revenues[name].pvalue if name in revenues else None
            assert numbers[19:21] == pytest.approx((p_value, revenues_adjusted.get(name)))
            assert numbers[21] == in_both[experiment]
            names = [key for key in seen_first if key[0] == experiment]
            observed = [arms[key[0], key[1], "order"].persons for key in names]
            shares = [splits.get(key, 1 / len(names)) for key in names]
            p_value = stats.chisquare(observed, [share / sum(shares) * sum(observed) for share in shares]).pvalue
            assert numbers[22] == pytest.approx(p_value)
            assert numbers[23] == (p_value < SAMPLE_RATIO_ALARM) == (experiment == "cart_reminder")
    assert min(tests_made["z_test"], tests_made["fisher_exact"]) > 0


def _test_of(arm: Arm, against: Arm) -> tuple[str | None, float | None]:
    """Return the name of the test that the contract requires, and its two-sided p-value."""
    table = [arm.table, against.table]
    if 0 in (arm.converted + against.converted, arm.table[1] + against.table[1]):
        return None, None
    if stats.contingency.expected_freq(table).min() < 5:
        return "fisher_exact", stats.fisher_exact(table).pvalue
    # the pooled z, squared, is the chi-square of the table
    return "z_test", stats.chi2_contingency(table, correction=False).pvalue


def _power(arm: Arm, against: Arm) -> float:
    """Return the probability that the pooled z exceeds 1.96 if the variant's rate is 1.1 times that of the control."""
    base = against.converted / against.mature
    lifted, weights = 1.1 * base, 1 / arm.mature + 1 / against.mature
    pooled = (lifted * arm.mature + base * against.mature) / (arm.mature + against.mature)
    limit = stats.norm.ppf(0.975) * math.sqrt(pooled * (1 - pooled) * weights)
    truth = stats.norm(
        lifted - base, math.sqrt(lifted * (1 - lifted) / arm.mature + base * (1 - base) / against.mature)
    )
    return float(truth.sf(limit) + truth.cdf(-limit))


def _revenue_lift(arm: Arm, against: Arm, degrees: float) -> list[float | None]:
    """Return the lift of the mean with Fieller's interval, whose bounds are found by search."""
    mean, base = fmean(arm.revenues), fmean(against.revenues)
    noise, base_noise = variance(arm.revenues) / arm.mature, variance(against.revenues) / against.mature
    critical = float(stats.t.ppf(0.975, degrees))

    def beyond(ratio: float) -> float:
        return abs(mean - ratio * base) - critical * math.sqrt(noise + ratio * ratio * base_noise)

    if base <= critical * math.sqrt(base_noise):
        return [mean / base - 1, None, None]
    found, far = mean / base, 1e6
    return [found - 1, optimize.brentq(beyond, -far, found) - 1, optimize.brentq(beyond, found, far) - 1]
