"""The CLV models against independent results: published figures, numerical integrals, known parameters."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from customer_journey.clv import gamma_gamma, sbg
from customer_journey.clv.beta_geometric import BG_NBD, MBG_NBD, MODELS, BetaGeometric
from customer_journey.clv.likelihood import Fit, FitError, Vector
from scipy.integrate import quad
from scipy.stats import beta, gamma

from tests.clv.simulate import GAMMA_GAMMA, PURCHASES, SBG, lifetimes, purchases, values

# Fader, Hardie, Lee (2005), table 2: the CDNOW customers
CDNOW = Fit({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, -9582.4, 2357)
# published parameters: from the same table, and from the test data of BTYDplus and lifetimes, which agree on MBG/NBD
PUBLISHED = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
}
BOTH = pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
CUSTOMERS = [(0, 0.0, 38.86), (1, 1.71, 38.86), (2, 30.43, 38.86), (7, 29.43, 38.86), (29, 37.0, 38.9)]


def _vectors(*numbers: float) -> list[Vector]:
    return [np.array([number], dtype=np.float64) for number in numbers]


def _cdnow() -> list[Vector]:
    """Return frequency, recency, age (weeks), mean value (dollars) and number of CDNOW's customers of early 1997.

    The data set that Fader and Hardie gave out with their papers, customers with equal numbers as one row (README.md).
    """
    with Path(__file__).with_name("cdnow.csv").open(encoding="utf-8") as file:
        rows = [[float(cell or 0) for cell in row] for row in list(csv.reader(file))[1:]]
    return list(np.array(rows).T)


@BOTH
def test_cdnow_is_fitted_as_published(model: BetaGeometric) -> None:
    """The fit of the CDNOW data set has the published parameters."""
    frequency, recency, age, _, customers = _cdnow()
    found = model.fit(frequency, recency, age, customers, 100)
    assert {name: round(value, 3) for name, value in found.parameters.items()} == PUBLISHED[model.name]
    assert found.customers == 2357
    if model is BG_NBD:
        assert round(found.log_likelihood, 1) == CDNOW.log_likelihood


def test_cdnow_values_are_fitted_as_published() -> None:
    """Fader, Hardie (2013), "The Gamma-Gamma Model of Monetary Value": 946 customers who bought again."""
    frequency, _, _, mean_value, customers = _cdnow()
    repeats = frequency > 0
    found = gamma_gamma.fit(frequency[repeats], mean_value[repeats], customers[repeats], 100)
    assert {name: round(value, 2) for name, value in found.parameters.items()} == pytest.approx(
        {"p": 6.25, "q": 3.74, "v": 15.44}, abs=0.011
    )
    assert found.customers == 946


def test_published_expectation() -> None:
    """The expected purchases of a published example are reproduced.

    Fader, Hardie (2008), "Computing P(alive)…" and the spreadsheet note of 2005: customer 0001 of CDNOW, 2 repeat
    purchases, the last 30.43 weeks after the first, known for 38.86, is expected to buy 1.226 times in 39 weeks.
    """
    (expected,) = BG_NBD.expected_purchases(CDNOW, 39, *_vectors(2, 30.43, 38.86))
    assert round(float(expected), 3) == 1.226


def _of_a_customer(
    model: BetaGeometric, p: Vector, rate: Vector, x: int, recency: float, age: float
) -> tuple[Vector, Vector]:
    """Return the likelihood of x purchases, the last at `recency`, if the customer is alive at `age`, and if not.

    Equation 2 of Fader, Hardie, Lee; if customers may drop out after the first purchase, there is one chance more.
    """
    chances = x + model.chances_at_first
    # scaled by e^x, because the likelihood of many purchases is very small
    alive = (1 - p) ** chances * (rate * np.e) ** x * np.exp(-rate * age)
    dropped = p * (1 - p) ** (chances - 1) * (rate * np.e) ** x * np.exp(-rate * recency) if chances else 0 * p
    return alive, dropped


def _customers() -> tuple[Vector, Vector, Vector]:
    """Return dropout probabilities and rates on a grid with their weights, to integrate over CDNOW's customers."""
    r, alpha, a, b = CDNOW.parameters.values()
    nodes, weights = np.polynomial.legendre.leggauss(400)
    # r and a below 1: both densities have a pole at 0, which a substitution takes away
    u, t = (nodes + 1) / 2, (nodes + 1) / 2 * 6.0**r
    p, rate = u ** (1 / a), t ** (1 / r)
    of_p = weights / 2 * beta.pdf(p, a, b) * u ** (1 / a - 1) / a
    of_rate = weights / 2 * 6.0**r * gamma.pdf(rate, r, scale=1 / alpha) * t ** (1 / r - 1) / r
    return p[:, None], rate[None, :], of_p[:, None] * of_rate[None, :]


@BOTH
@pytest.mark.parametrize(("x", "recency", "age"), CUSTOMERS)
def test_models_are_their_integrals(model: BetaGeometric, x: int, recency: float, age: float) -> None:
    """The closed forms equal numerical integrals over purchase rates and dropout probabilities.

    So do the probability to be alive and the expected purchases: (1 - e^(-l p t)) / p in t weeks at rate l and dropout
    probability p.
    """
    customer, weeks = (x, recency, age), 52.0
    p, rate, weight = _customers()
    is_alive, is_lost = _of_a_customer(model, p, rate, *customer)
    alive, either = (weight * is_alive).sum(), (weight * (is_alive + is_lost)).sum()
    bought = (weight * is_alive * -np.expm1(-rate * p * weeks) / p).sum()
    value, _ = model.log_likelihood(np.array(list(CDNOW.parameters.values())), *_vectors(*customer))
    assert float(value[0]) == pytest.approx(np.log(either) - x, rel=1e-6)
    assert model.p_alive(CDNOW, *_vectors(*customer)) == pytest.approx(alive / either, rel=1e-6)
    assert model.expected_purchases(CDNOW, weeks, *_vectors(*customer)) == pytest.approx(bought / either, rel=1e-5)


def test_who_bought_once_may_be_lost() -> None:
    """MBG/NBD allows that a customer with one purchase is lost; BG/NBD treats all of them as active for ever."""
    once = _vectors(0, 0, 150)
    assert BG_NBD.p_alive(CDNOW, *once) == 1
    assert 0.1 < MBG_NBD.p_alive(CDNOW, *once)[0] < 0.9


@pytest.mark.parametrize(("days", "mean"), [(1, 20.0), (3, 55.5), (12, 31.0)])
def test_gamma_gamma_is_its_integral(days: int, mean: float) -> None:
    """The Gamma-Gamma likelihood equals its integral: the mean of n values Gamma(p, nu) is Gamma(p n, nu n)."""
    p, q, v = GAMMA_GAMMA.values()
    integral, _ = quad(
        lambda nu: gamma.pdf(mean, p * days, scale=1 / (nu * days)) * gamma.pdf(nu, q, scale=1 / v), 0, np.inf
    )
    value, _ = gamma_gamma.log_likelihood(np.array([p, q, v]), *_vectors(days, mean))
    assert float(value[0]) == pytest.approx(np.log(integral), rel=1e-7)


@pytest.mark.parametrize(("days", "mean", "worth"), [(0, 0.0, 30), (2, 40.0, 38)])
def test_expected_value_is_its_integral(days: int, mean: float, worth: int) -> None:
    """The values in the unit test of int_clv_predictions, which come from its formula, equal an integral.

    They are the mean of p / nu, given the customer's own days, for p 6, q 4 and v 15.
    """
    p, q, v = 6, 4, 15
    known = gamma(q + p * days, scale=1 / (v + days * mean))
    integral, _ = quad(lambda nu: p / nu * known.pdf(nu), 0, np.inf)
    assert integral == pytest.approx(worth, rel=1e-6)


def test_gradients_are_those_of_the_likelihood() -> None:
    """Gradients equal numerical derivatives; otherwise the search would miss the maximum."""
    bought = [np.array(column, dtype=float) for column in zip(*CUSTOMERS, strict=True)]
    worth = [np.array([1.0, 3.0, 12.0]), np.array([20.0, 55.5, 31.0])]
    cases: list[tuple[Callable[..., tuple[Vector, Vector]], Vector, list[Vector]]] = [
        *((model.log_likelihood, np.array([0.3, 5.0, 0.8, 2.0]), bought) for model in MODELS.values()),
        (gamma_gamma.log_likelihood, np.array([6.0, 4.0, 15.0]), worth),
        (sbg.log_likelihood, np.array([0.7, 1.2]), [np.array([0.0, 1.0, 7.0, 7.0]), np.array([0.0, 1.0, 1.0, 0.0])]),
    ]
    for log_likelihood, at, data in cases:
        _, gradient = log_likelihood(at, *data)
        for index in range(len(at)):
            step = np.zeros(len(at))
            step[index] = 1e-6 * at[index]
            above, below = log_likelihood(at + step, *data)[0], log_likelihood(at - step, *data)[0]
            np.testing.assert_allclose(gradient[index], (above - below) / (2 * step[index]), rtol=1e-4, atol=1e-6)


@BOTH
@pytest.mark.parametrize(("customers", "tolerance"), [(2_000, 0.60), (20_000, 0.15), (200_000, 0.06)])
def test_known_parameters_are_found_again(model: BetaGeometric, customers: int, tolerance: float) -> None:
    """A fit on simulated customers finds the parameters they were simulated with.

    The tolerance is below three standard errors of the least certain parameter, b: 22 %, 7 % and 2 % of it, by the
    curvature of the likelihood.
    """
    x, recency, age, after = purchases(customers, seed=20260101, model=model, weeks_after=52)
    fitted = model.fit(x, recency, age, np.ones(customers), 100)
    found = fitted.parameters
    assert {name: abs(found[name] / value - 1) < tolerance for name, value in PURCHASES.items()} == dict.fromkeys(
        PURCHASES, True
    ), found
    # for customers with one, two and more purchases, the prediction is within four standard errors of what they buy
    expected = model.expected_purchases(fitted, 52, x, recency, age)
    for group in (x == 0, x == 1, x > 1):
        error = after[group].std() * np.sqrt(group.sum())
        assert abs(expected[group].sum() - after[group].sum()) < 4 * error
    days, mean_value = values(x, seed=20260102)
    found = gamma_gamma.fit(days, mean_value, np.ones(len(days)), 100).parameters
    assert {name: abs(found[name] / value - 1) < tolerance for name, value in GAMMA_GAMMA.items()} == dict.fromkeys(
        GAMMA_GAMMA, True
    ), found


def test_groups_weigh_as_their_customers() -> None:
    """A fit on groups of equal customers equals the fit on single customers."""
    x, recency, age, _ = purchases(3_000, seed=7)
    recency, age = np.round(recency), np.maximum(np.round(age), np.round(recency))
    groups, counts = np.unique(np.array([x, recency, age]), axis=1, return_counts=True)
    assert len(counts) < 3_000
    grouped = BG_NBD.fit(groups[0], groups[1], groups[2], counts.astype(float), 100)
    single = BG_NBD.fit(x, recency, age, np.ones(3_000), 100)
    assert grouped.customers == single.customers == 3_000
    assert grouped.log_likelihood == pytest.approx(single.log_likelihood, rel=1e-9)
    assert grouped.parameters == pytest.approx(single.parameters, rel=1e-4)


def test_expectation_at_a_of_one_joins_its_neighbours() -> None:
    """At a = 1, where the formula is 0 / 0, the expectation is the limit of its neighbours."""
    data = _vectors(2, 30.43, 38.86)
    at, near = (
        BG_NBD.expected_purchases(Fit({**CDNOW.parameters, "a": a}, 0.0, 1), 52, *data)[0] for a in (1.0, 1.0005)
    )
    assert float(at) == pytest.approx(float(near), rel=1e-3)


@BOTH
def test_customers_who_never_drop_out_are_predicted_all_the_same(model: BetaGeometric) -> None:
    """Customers who never drop out get predictions, although the parameter a then tends to 0.

    Without dropout the model is the NBD, whose expectation is (r + x) / (alpha + T) a week (Ehrenberg 1959). Customers
    who are lost at once and those who hardly buy look alike, so MBG/NBD knows only their sum.
    """
    x, recency, age, _ = purchases(5_000, seed=3, stay=True)
    fitted = model.fit(x, recency, age, np.ones(len(x)), 100)
    assert fitted.at_edge
    r, alpha, _, _ = fitted.parameters.values()
    expected = model.expected_purchases(fitted, 26, x, recency, age)
    assert (r, alpha) == pytest.approx((PURCHASES["r"], PURCHASES["alpha"]), rel=0.15)
    assert expected.sum() == pytest.approx((26 * (r + x) / (alpha + age)).sum(), rel=0.02)
    if model is BG_NBD:
        np.testing.assert_allclose(model.p_alive(fitted, x, recency, age), 1, atol=1e-4)
        np.testing.assert_allclose(expected, 26 * (r + x) / (alpha + age), rtol=1e-4)


@pytest.mark.parametrize(("x", "a", "b"), [(0, 53.0, 1e4), (1, 1.5, 3.0), (40, 53.0, 1e4), (150, 1.5, 3.0)])
def test_expectation_is_its_integral(x: int, a: float, b: float) -> None:
    """The hypergeometric function of the expectation equals Euler's integral, for a above 1.

    Abramowitz, Stegun 15.3.1.
    """
    r, alpha, weeks, age = 0.445, 8.07, 52.0, 20.0
    z = weeks / (alpha + age + weeks)
    at = (a - 1) / (a + b + x - 1)
    integral, _ = quad(
        lambda u: beta.pdf(u, a - 1, b + x) * (1 - z / (z - 1) * u) ** (-(r + x)),
        0, 1, points=[at / 4, at / 2, at, min(2 * at, 0.9)], limit=500,
    )  # fmt: skip
    fitted = Fit({"r": r, "alpha": alpha, "a": a, "b": b}, 0.0, 1)
    data = _vectors(x, age if x else 0.0, age)
    expected = (a + b + x - 1) / (a - 1) * (1 - integral) * BG_NBD.p_alive(fitted, *data)
    assert BG_NBD.expected_purchases(fitted, weeks, *data) == pytest.approx(expected, rel=1e-5)


def test_too_few_customers_are_no_fit() -> None:
    """With fewer than clv_min_customers customers there is no fit."""
    with pytest.raises(FitError, match="too few customers: 3 bought again, 100 are needed"):
        BG_NBD.fit(np.array([0.0, 1.0]), np.array([0.0, 3.0]), np.array([9.0, 9.0]), np.array([500.0, 3.0]), 100)
    with pytest.raises(FitError, match="too few customers: 2 with a value"):
        gamma_gamma.fit(np.array([1.0]), np.array([9.0]), np.array([2.0]), 100)


def test_customers_who_are_all_alike_are_no_fit() -> None:
    """Customers with equal statistics give no fit, because any spread of rates explains them."""
    with pytest.raises(FitError, match=r"flat likelihood|no convergence"):
        BG_NBD.fit(np.array([4.0]), np.array([40.0]), np.array([52.0]), np.array([500.0]), 100)


def test_values_that_do_not_vary_are_no_fit() -> None:
    """Equal values of all customers give no Gamma-Gamma fit, because the parameter p then has no maximum."""
    with pytest.raises(FitError, match=r"flat likelihood|no convergence"):
        gamma_gamma.fit(np.array([1.0, 2.0]), np.array([9.0, 9.0]), np.array([400.0, 100.0]), 100)


# Fader, Hardie (2007), "How to Project Customer Retention", table 1: per cent of 1,000 customers left after each of
# seven years, and after the eighth to twelfth; and the paper's parameters for the first seven.
SEGMENTS = {
    "regular": (
        [63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1],
        [22.3, 20.7, 19.4, 18.3, 17.3],
        {"alpha": 0.704, "beta": 1.182},
    ),
    "high end": (
        [86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1],
        [46.8, 44.5, 42.7, 40.9, 39.4],
        {"alpha": 0.668, "beta": 3.806},
    ),
}


@pytest.mark.parametrize("segment", SEGMENTS)
def test_lifetimes_are_fitted_as_published(segment: str) -> None:
    """The sBG fit has the published parameters and projections."""
    survived, came, published = SEGMENTS[segment]
    shares = np.array([100.0, *survived])
    months = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 7.0])
    is_ended = np.array([1.0] * 7 + [0.0])
    found = sbg.fit(months, is_ended, 10 * np.append(-np.diff(shares), shares[-1]), 100)
    assert {name: round(value, 3) for name, value in found.parameters.items()} == published
    projected = shares[-1] * sbg.renewals(found, np.array([7.0]), 5).cumprod()
    np.testing.assert_allclose(projected, came, atol=1.5)


@pytest.mark.parametrize(("months", "is_ended"), [(0, 0), (1, 1), (4, 1), (4, 0)])
def test_lifetimes_are_their_integral(months: int, is_ended: int) -> None:
    """The sBG probabilities equal an integral over Beta-distributed monthly cancellation probabilities."""
    alpha, beta_ = SBG.values()

    def over_holders(function: Callable[[Vector], Vector]) -> float:
        return float(quad(lambda p: function(p) * beta.pdf(p, alpha, beta_), 0, 1)[0])

    likelihood = over_holders(lambda p: p**is_ended * (1 - p) ** (months - is_ended))
    value, _ = sbg.log_likelihood(np.array([alpha, beta_]), *_vectors(months, is_ended))
    assert float(value[0]) == pytest.approx(np.log(likelihood), rel=1e-7, abs=1e-9)
    if not is_ended:
        # one integral over twelve months: a month counts if it and all before it are renewed
        expected = (
            over_holders(lambda p: np.asarray(((1 - p) ** np.arange(months + 1, months + 13)).sum())) / likelihood
        )
        fitted = sbg.renewals(Fit(SBG, 0.0, 1), np.array([float(months)]), 12)
        assert sbg.expected_months(fitted, 0.0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("subscriptions", "tolerance"), [(2_000, 0.45), (50_000, 0.09)])
def test_known_lifetimes_are_found_again(subscriptions: int, tolerance: float) -> None:
    """Subscriptions of known parameters are simulated, most of them still running; the year after is predicted."""
    months, is_ended, months_after = lifetimes(subscriptions, seed=20260104)
    fitted = sbg.fit(months, is_ended, np.ones(subscriptions), 100)
    assert fitted.parameters == pytest.approx(SBG, rel=tolerance)
    running = is_ended == 0
    expected = sbg.expected_months(sbg.renewals(fitted, months[running], 12), 0.0)
    for group in (months[running] < 6, months[running] >= 6):
        after = months_after[running][group]
        assert abs(expected[group].sum() - after.sum()) < 4 * after.std() * np.sqrt(len(after))


def test_subscriptions_that_tell_nothing_of_each_other_renew_as_they_did() -> None:
    """Without cancellations all renewals are expected; with too few subscriptions the share renewed so far is used."""
    nobody = sbg.fit(np.array([0.0, 5.0]), np.array([0.0, 0.0]), np.array([50.0, 100.0]), 100)
    assert nobody.at_edge
    assert sbg.expected_months(sbg.renewals(nobody, np.array([5.0]), 12), 0.0) == pytest.approx(12, rel=1e-5)
    few = (np.array([1.0, 4.0]), np.array([1.0, 0.0]), np.array([2.0, 2.0]))
    with pytest.raises(FitError, match="too few customers: 4 subscriptions, 100 are needed"):
        sbg.fit(*few, 100)
    # 2 of 2 x 1 + 2 x 4 month ends were cancellations
    assert sbg.renewal_share(*few) == 0.8
    assert sbg.renewal_share(*_vectors(0, 0, 3)) == 1


def test_months_to_come_are_discounted() -> None:
    """At 21 % per year the sixth month is worth 1 / 1.1, the twelfth 1 / 1.21."""
    renewed = np.zeros((12, 1))
    renewed[:6] = 1
    upto_sixth, upto_fifth = (sbg.expected_months(renewed * (np.arange(12)[:, None] < k), 0.21)[0] for k in (6, 5))
    assert upto_sixth - upto_fifth == pytest.approx(1 / 1.1)
