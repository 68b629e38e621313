"""The models of CLV against what does not come from this project: published figures, integrals, known parameters."""

import numpy as np
import pytest
from customer_journey.clv import bg_nbd, gamma_gamma
from customer_journey.clv.likelihood import Fit, FitError, Vector
from scipy.integrate import dblquad, quad
from scipy.stats import beta, gamma

from tests.clv.simulate import BG_NBD, GAMMA_GAMMA, purchases, values

# Fader, Hardie, Lee (2005), table 2: the CDNOW customers.
CDNOW = Fit({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, -9582.4, 2357)
CUSTOMERS = [(0, 0.0, 38.86), (1, 1.71, 38.86), (2, 30.43, 38.86), (7, 29.43, 38.86), (29, 37.0, 38.9)]


def _vectors(*numbers: float) -> list[Vector]:
    return [np.array([number], dtype=np.float64) for number in numbers]


def test_published_expectation() -> None:
    """A slip in the hypergeometric term would give every customer another future.

    Fader, Hardie (2008), "Computing P(alive)…" and the spreadsheet note of 2005: customer 0001 of CDNOW, 2 repeat
    purchases, the last 30.43 weeks after the first, known for 38.86, is expected to buy 1.226 times in 39 weeks.
    """
    (expected,) = bg_nbd.expected_purchases(CDNOW, 39, *_vectors(2, 30.43, 38.86))
    assert round(float(expected), 3) == 1.226


@pytest.mark.parametrize(("x", "recency", "age"), CUSTOMERS)
def test_bg_nbd_is_its_integral(x: int, recency: float, age: float) -> None:
    """The closed form stands for an integral over rates and dropout probabilities; here the integral is taken.

    Equation 2 of the paper: a customer of rate l and dropout probability p buys x times, the last at `recency`, and is
    alive or dropped then.
    """
    r, alpha, a, b = CDNOW.parameters.values()

    def of_a_customer(p: float, rate: float) -> float:
        alive = (1 - p) ** x * rate**x * np.exp(-rate * age)
        dropped = p * (1 - p) ** (x - 1) * rate**x * np.exp(-rate * recency) if x else 0.0
        return float((alive + dropped) * gamma.pdf(rate, r, scale=1 / alpha) * beta.pdf(p, a, b))

    # r and a below 1: both densities have a pole at 0, which a substitution takes away
    integral, _ = dblquad(
        lambda u, t: of_a_customer(u ** (1 / a), t ** (1 / r)) * u ** (1 / a - 1) / a * t ** (1 / r - 1) / r,
        0, 6.0**r, 0, 1, epsabs=1e-13, epsrel=1e-9,
    )  # fmt: skip
    value, _ = bg_nbd.log_likelihood(np.array([r, alpha, a, b]), *_vectors(x, recency, age))
    assert float(value[0]) == pytest.approx(np.log(integral), rel=1e-6)


@pytest.mark.parametrize(("days", "mean"), [(1, 20.0), (3, 55.5), (12, 31.0)])
def test_gamma_gamma_is_its_integral(days: int, mean: float) -> None:
    """The mean of `days` Gamma(p, nu) values is Gamma(p days, nu days), and nu is Gamma(q, v) over customers."""
    p, q, v = GAMMA_GAMMA.values()
    integral, _ = quad(
        lambda nu: gamma.pdf(mean, p * days, scale=1 / (nu * days)) * gamma.pdf(nu, q, scale=1 / v), 0, np.inf
    )
    value, _ = gamma_gamma.log_likelihood(np.array([p, q, v]), *_vectors(days, mean))
    assert float(value[0]) == pytest.approx(np.log(integral), rel=1e-7)


@pytest.mark.parametrize(("days", "mean", "worth"), [(0, 0.0, 30), (2, 40.0, 38)])
def test_expected_value_is_its_integral(days: int, mean: float, worth: int) -> None:
    """SQL works out what a purchase day is worth; the unit test of int_clv_predictions has these values by its formula.

    Here they are the mean p / nu over what is known of nu from the customer's own days, for p 6, q 4 and v 15.
    """
    p, q, v = 6, 4, 15
    known = gamma(q + p * days, scale=1 / (v + days * mean))
    integral, _ = quad(lambda nu: p / nu * known.pdf(nu), 0, np.inf)
    assert integral == pytest.approx(worth, rel=1e-6)


def test_gradients_are_those_of_the_likelihood() -> None:
    """The search would stop elsewhere than at the maximum."""
    for model, at, data in (
        (
            bg_nbd,
            np.array([0.3, 5.0, 0.8, 2.0]),
            [np.array(column, dtype=float) for column in zip(*CUSTOMERS, strict=True)],
        ),
        (gamma_gamma, np.array([6.0, 4.0, 15.0]), [np.array([1.0, 3.0, 12.0]), np.array([20.0, 55.5, 31.0])]),
    ):
        _, gradient = model.log_likelihood(at, *data)
        for index in range(len(at)):
            step = np.zeros(len(at))
            step[index] = 1e-6 * at[index]
            above, below = model.log_likelihood(at + step, *data)[0], model.log_likelihood(at - step, *data)[0]
            np.testing.assert_allclose(gradient[index], (above - below) / (2 * step[index]), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("customers", "tolerance"), [(2_000, 0.60), (20_000, 0.15), (200_000, 0.06)])
def test_known_parameters_are_found_again(customers: int, tolerance: float) -> None:
    """Customers of known parameters are simulated; a fit that misses them predicts another company's future.

    The tolerance is below three standard errors of the least known parameter, b: 22 %, 7 % and 2 % of it, by the
    curvature of the likelihood.
    """
    x, recency, age = purchases(customers, seed=20260101)
    found = bg_nbd.fit(x, recency, age, np.ones(customers), 100).parameters
    assert {name: abs(found[name] / value - 1) < tolerance for name, value in BG_NBD.items()} == dict.fromkeys(
        BG_NBD, True
    ), found
    days, mean_value = values(x, seed=20260102)
    found = gamma_gamma.fit(days, mean_value, np.ones(len(days)), 100).parameters
    assert {name: abs(found[name] / value - 1) < tolerance for name, value in GAMMA_GAMMA.items()} == dict.fromkeys(
        GAMMA_GAMMA, True
    ), found


def test_groups_weigh_as_their_customers() -> None:
    """A fit on groups that lost their weights would be one of the kinds of customers, not of the customers."""
    x, recency, age = purchases(3_000, seed=7)
    recency, age = np.round(recency), np.maximum(np.round(age), np.round(recency))
    groups, counts = np.unique(np.array([x, recency, age]), axis=1, return_counts=True)
    assert len(counts) < 3_000
    grouped = bg_nbd.fit(groups[0], groups[1], groups[2], counts.astype(float), 100)
    single = bg_nbd.fit(x, recency, age, np.ones(3_000), 100)
    assert grouped.customers == single.customers == 3_000
    assert grouped.log_likelihood == pytest.approx(single.log_likelihood, rel=1e-9)
    assert grouped.parameters == pytest.approx(single.parameters, rel=1e-4)


def test_expectation_at_a_of_one_joins_its_neighbours() -> None:
    """The formula is 0 / 0 there: a fit that happens to end at 1 would predict nothing."""
    data = _vectors(2, 30.43, 38.86)
    at, near = (
        bg_nbd.expected_purchases(Fit({**CDNOW.parameters, "a": a}, 0.0, 1), 52, *data)[0] for a in (1.0, 1.0005)
    )
    assert float(at) == pytest.approx(float(near), rel=1e-3)


def test_customers_who_never_drop_out_are_predicted_all_the_same() -> None:
    """A shop whose customers stay, as many do in their first year, would have no prediction: a runs towards 0.

    Without dropout the model is the NBD, whose expectation is (r + x) / (alpha + T) a week (Ehrenberg 1959).
    """
    x, recency, age = purchases(5_000, seed=3, stay=True)
    fitted = bg_nbd.fit(x, recency, age, np.ones(len(x)), 100)
    assert fitted.at_edge
    r, alpha, _, _ = fitted.parameters.values()
    assert (r, alpha) == pytest.approx((BG_NBD["r"], BG_NBD["alpha"]), rel=0.1)
    np.testing.assert_allclose(bg_nbd.p_alive(fitted, x, recency, age), 1, atol=1e-4)
    np.testing.assert_allclose(
        bg_nbd.expected_purchases(fitted, 26, x, recency, age), 26 * (r + x) / (alpha + age), rtol=1e-4
    )


@pytest.mark.parametrize(("x", "a", "b"), [(0, 53.0, 1e4), (1, 1.5, 3.0), (40, 53.0, 1e4), (150, 1.5, 3.0)])
def test_expectation_is_its_integral(x: int, a: float, b: float) -> None:
    """The hypergeometric function is not to be had everywhere from a library; where it fails there is no prediction.

    For a above 1 it is Euler's integral (Abramowitz, Stegun 15.3.1).
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
    expected = (a + b + x - 1) / (a - 1) * (1 - integral) * bg_nbd.p_alive(fitted, *data)
    assert bg_nbd.expected_purchases(fitted, weeks, *data) == pytest.approx(expected, rel=1e-5)


def test_too_few_customers_are_no_fit() -> None:
    """Parameters of a handful would be read as knowledge."""
    with pytest.raises(FitError, match="too few customers: 3 bought again, 100 are needed"):
        bg_nbd.fit(np.array([0.0, 1.0]), np.array([0.0, 3.0]), np.array([9.0, 9.0]), np.array([500.0, 3.0]), 100)
    with pytest.raises(FitError, match="too few customers: 2 with a value"):
        gamma_gamma.fit(np.array([1.0]), np.array([9.0]), np.array([2.0]), 100)


def test_customers_who_are_all_alike_are_no_fit() -> None:
    """Nothing tells how rates differ between customers: any spread of them fits, and none may be shown as found."""
    with pytest.raises(FitError, match=r"flat likelihood|no convergence"):
        bg_nbd.fit(np.array([4.0]), np.array([40.0]), np.array([52.0]), np.array([500.0]), 100)


def test_values_that_do_not_vary_are_no_fit() -> None:
    """One price for all: p runs off, and the numbers at the end of the search would be chance."""
    with pytest.raises(FitError, match=r"flat likelihood|no convergence"):
        gamma_gamma.fit(np.array([1.0, 2.0]), np.array([9.0, 9.0]), np.array([400.0, 100.0]), 100)
