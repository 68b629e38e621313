"""The macros of macros/statistics.sql against scipy, over many values."""

import duckdb
import pytest
from onboarding.macros import Macros
from scipy import stats

# 0 to 12 in steps of 0.01, past 7.07, where another approximation begins
GRID = "select number / 100e0 as x from range(0, 1201) as numbers (number)"


def test_the_normal_tail_is_true_to_twelve_digits() -> None:
    """The normal tail is exact to twelve digits, also for very small p-values."""
    tail = Macros("duckdb").render("{{ normal_upper_tail('x') }}")
    rows = duckdb.execute(f"select x, {tail} from ({GRID}) as grid").fetchall()
    assert len(rows) == 1201
    for x, found in rows:
        assert found == pytest.approx(stats.norm.sf(x), rel=1e-12)


@pytest.mark.parametrize("degrees", range(1, 10))
def test_the_chi_square_tail_is_true_to_twelve_digits(degrees: int) -> None:
    """The chi-square tail is exact for each degree of freedom; even and odd ones use different sums."""
    tail = Macros("duckdb").render("{{ chi_square_upper_tail('x', 'degrees') }}")
    for scaled in (1, 10):
        rows = duckdb.execute(
            f"select x, {tail} from (select {scaled} * x as x, {degrees} as degrees from ({GRID}) as grid) as scaled"
        ).fetchall()
        for x, found in rows:
            assert found == pytest.approx(stats.chi2.sf(x, degrees), rel=1e-12)


def test_ten_degrees_have_no_answer() -> None:
    """Ten degrees of freedom (eleven variants) give null, since only fewer are implemented."""
    tail = Macros("duckdb").render("{{ chi_square_upper_tail('1e0', '10') }}")
    assert duckdb.execute(f"select {tail}").fetchall() == [(None,)]


def test_the_normal_cdf_has_both_sides() -> None:
    """The normal CDF is right for negative values too, as a power below one half needs."""
    cdf = Macros("duckdb").render("{{ normal_cdf('x') }}")
    rows = duckdb.execute(f"select x, {cdf} from (select x - 6 as x from ({GRID}) as grid) as both_sides").fetchall()
    for x, found in rows:
        assert found == pytest.approx(stats.norm.cdf(x), abs=1e-12)


@pytest.mark.parametrize("degrees", [1, 1.3, 2, 3.7, 10, 42.42, 1000, 1e6])
def test_the_t_tail_and_quantile_are_true_to_eleven_digits(degrees: float) -> None:
    """Student's t is exact for fractional degrees of freedom from two dozen to a million."""
    macros = Macros("duckdb")
    tail = macros.render("{{ t_p_value('x', 'degrees') }}")
    rows = duckdb.execute(
        f"select x, {tail} from (select x, {degrees}::double as degrees from ({GRID}) as grid"
        " where x * 10 = floor(x * 10))"
    ).fetchall()
    assert len(rows) == 121
    for x, found in rows:
        assert found == pytest.approx(2 * stats.t.sf(x, degrees), rel=1e-11)
    found = 1.959963984540054
    step = macros.render("{{ t_95_step('t', 'degrees') }}")
    for _ in range(4):
        found = duckdb.execute(f"select {step} from (select {found} as t, {degrees}::double as degrees)").fetchall()[0][
            0
        ]
    assert found == pytest.approx(stats.t.ppf(0.975, degrees), rel=1e-11)


def test_fishers_p_values() -> None:
    """Fisher's p-values for small margins of every form, and for small counts among many thousands."""
    tables = [
        (hits, trials, others, other_trials)
        for trials in (1, 4, 7)
        for other_trials in (1, 5, 9)
        for hits in range(trials + 1)
        for others in range(other_trials + 1)
    ]
    tables += [(0, 50_000, 8, 50_000), (3, 90_000, 1, 10_000), (49_998, 50_000, 49_993, 50_000), (0, 3, 500, 997)]
    fisher = Macros("duckdb").render("{{ fisher_p_value('a', 'm', 'b', 'n') }}")
    values = ", ".join(f"({a}, {m}, {b}, {n})" for a, m, b, n in tables)
    rows = duckdb.execute(f"select a, m, b, n, {fisher} from (values {values}) as tables (a, m, b, n)").fetchall()
    assert len(rows) == len(tables)
    for a, m, b, n, found in rows:
        assert found == pytest.approx(stats.fisher_exact([[a, m - a], [b, n - b]]).pvalue, rel=1e-9)


def test_adjusted_p_values() -> None:
    """Adjusted p-values with ties and missing tests; families do not influence each other."""
    families: dict[str, list[float | None]] = {"x": [0.04, None, 0.001, 0.04, 0.5, 0.02], "y": [0.03]}
    macros = Macros("duckdb")
    rows = duckdb.execute(
        "with tests as (select * from (values "
        + ", ".join(
            f"('{f}', {n}, {'null' if p is None else p}::double)"
            for f, ps in families.items()
            for n, p in enumerate(ps)
        )
        + ") as tests (family, number, p)), steps as (select *, "
        + macros.render(
            "{{ holm_step('p', 'family', 'number') }} as holm, {{ bh_step('p', 'family', 'number') }} as bh"
        )
        + " from tests) select family, p, "
        + macros.render(
            "{{ holm_p_value('holm', 'p', 'family', 'number') }}, {{ bh_q_value('bh', 'p', 'family', 'number') }}"
        )
        + " from steps order by family, number"
    ).fetchall()
    by_hand = [
        ("x", 0.04, 0.12, 0.05), ("x", None, None, None), ("x", 0.001, 0.005, 0.005), ("x", 0.04, 0.12, 0.05),
        ("x", 0.5, 0.5, 0.5), ("x", 0.02, 0.08, 0.05), ("y", 0.03, 0.03, 0.03),
    ]  # fmt: skip
    assert [row[:1] for row in rows] == [row[:1] for row in by_hand]
    for found, expected in zip(rows, by_hand, strict=True):
        assert list(found[1:]) == pytest.approx(list(expected[1:]))
    published = stats.false_discovery_control([0.04, 0.001, 0.04, 0.5, 0.02])
    assert [row[3] for row in rows if row[0] == "x" and row[1] is not None] == pytest.approx(list(published))


@pytest.mark.parametrize("macro", ["holm", "bh"])
def test_no_adjusted_p_value_is_below_its_p_value(macro: str) -> None:
    """Times 49, divided by 49 again is less than before for some numbers, and the build checks that it is not."""
    tests = [
        (family, number, 0.9 + family / 997 - number / 50) for family in range(90) for number in range(2 + family % 40)
    ]
    macros = Macros("duckdb")
    result = "{{ holm_p_value" if macro == "holm" else "{{ bh_q_value"
    rows = duckdb.execute(
        f"with tests as (select * from (values {', '.join(map(str, tests))}) as tests (family, number, p)), "
        f"exact as (select family, number, p::double as p from tests), steps as (select *, "
        + macros.render("{{ " + macro + "_step('p', 'family', 'number') }} as step")
        + " from exact) select p, "
        + macros.render(result + "('step', 'p', 'family', 'number') }}")
        + " from steps"
    ).fetchall()
    assert len(rows) == len(tests)
    assert [row for row in rows if row[1] < row[0]] == []


def test_an_interval_of_answers_lies_on_their_scale() -> None:
    """Fifteen who are much happier than their survey's mean are shifted to 2.4: score 1, and no bound beyond it."""
    for shifted, end in (("2.4e0", 1), ("-2.4e0", -1)):
        bounds = [
            Macros("duckdb").render(f"{{{{ adjusted_wald_bound('15', '15 * {shifted}', '15 * 5.76e0', '{side}') }}}}")
            for side in "-+"
        ]
        assert duckdb.execute(f"select {', '.join(bounds)}").fetchall() == [(end, end)]


def test_the_power_is_the_published_one() -> None:
    """Power of a published example (Fleiss, Levin, Paik 2003): 60 % against 70 %, 356 persons each: 0.80."""
    macros = Macros("duckdb")
    ends = macros.render(
        "{{ power_z('rate', 'n', 'other', 'n', '+') }} as near, {{ power_z('rate', 'n', 'other', 'n', '-') }} as far"
    )
    power = macros.render("{{ normal_cdf('near') }} + {{ normal_cdf('far') }}")
    rows = duckdb.execute(
        f"select {power} from (select {ends} from (values (0.6e0, 0.7e0, 356), (0.5e0, 0.5e0, 356),"
        " (0.95e0, 1.045e0, 9)) as plans (rate, other, n)) as ends"
    ).fetchall()
    assert rows[0][0] == pytest.approx(0.80, abs=0.001)
    # without a true difference, the power equals the error rate of 5 %
    assert rows[1][0] == pytest.approx(0.05, abs=1e-9)
    assert rows[2] == (None,)
