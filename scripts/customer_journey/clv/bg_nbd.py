"""BG/NBD: purchases at a rate that differs between customers, who may drop out after any purchase.

Fader, Hardie, Lee (2005): "Counting Your Customers" the Easy Way, Marketing Science 24(2). Purchase rates are
Gamma(r, alpha), dropout probabilities Beta(a, b). A customer is x repeat purchases (`frequency`), the last of them
`recency` after the first purchase, observed for `age`; times are in weeks.
"""

import numpy as np
from scipy.special import betaln, digamma, gammaln, hyp2f1, logsumexp

from customer_journey.clv.likelihood import Fit, FitError, Vector, maximize

PARAMETERS = ("r", "alpha", "a", "b")
# Where customers do not differ in how readily they drop out, a and b grow without end at one mean, a / (a + b); where
# nobody does, a shrinks. Either way predictions hardly move any more, so the search may end at an edge.
_DROPOUT = {"a": (1e-3, 1e4), "b": (1e-3, 1e4)}
# Between these the expectation below, 0 / 0 at a = 1, is read from the line between its neighbours.
_NEAR_ONE = 1e-5


def log_likelihood(parameters: Vector, frequency: Vector, recency: Vector, age: Vector) -> tuple[Vector, Vector]:
    """Return each customer's log-likelihood (n) and its gradient by r, alpha, a, b (4 x n).

    Equation 6 of the paper in logarithms, which neither overflow for many purchases nor cancel.
    """
    r, alpha, a, b = parameters
    repeats = frequency > 0
    x = frequency
    log_age = np.log(alpha + age)
    log_recency = np.log(alpha + recency)
    # for x = 0 nobody has had a chance to drop out, and the second term is not there
    purchases_less_one = np.where(repeats, b + x - 1, 1.0)
    alive = -(r + x) * log_age
    dropped = np.where(repeats, np.log(a) - np.log(purchases_less_one) - (r + x) * log_recency, -np.inf)
    either = logsumexp([alive, dropped], axis=0)
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b) + either
    share_alive = np.exp(alive - either)
    share_dropped = 1 - share_alive
    gradient = np.array([
        digamma(r + x) - digamma(r) + np.log(alpha) - share_alive * log_age - share_dropped * log_recency,
        r / alpha - (r + x) * (share_alive / (alpha + age) + share_dropped / (alpha + recency)),
        digamma(a + b) - digamma(a + b + x) + share_dropped / a,
        digamma(a + b) + digamma(b + x) - digamma(b) - digamma(a + b + x)
        - np.where(repeats, share_dropped / purchases_less_one, 0.0),
    ])  # fmt: skip
    return value, gradient


def fit(frequency: Vector, recency: Vector, age: Vector, customers: Vector, least_repeaters: int) -> Fit:
    """Fit r, alpha, a and b to groups of customers with equal statistics, `customers` in each.

    Raises:
        FitError: fewer than `least_repeaters` bought again, no convergence, or a flat likelihood.
    """
    repeaters = int(customers[frequency > 0].sum())
    if repeaters < least_repeaters:
        raise FitError(f"too few customers: {repeaters} bought again, {least_repeaters} are needed")
    total = customers.sum()

    def mean(parameters: Vector) -> tuple[float, Vector]:
        value, gradient = log_likelihood(parameters, frequency, recency, age)
        return float(value @ customers / total), gradient @ customers / total

    start = np.array([1.0, max(float(age @ customers / total), 1e-3) / 2, 1.0, 2.0])
    return maximize(PARAMETERS, mean, start, int(total), _DROPOUT)


def p_alive(fitted: Fit, frequency: Vector, recency: Vector, age: Vector) -> Vector:
    """Return the probability that each customer has not dropped out (n), 1 for who bought once.

    Fader, Hardie (2008): Computing P(alive) Using the BG/NBD Model.
    """
    r, alpha, a, b = (fitted.parameters[name] for name in PARAMETERS)
    odds_dropped = np.where(
        frequency > 0,
        np.exp(
            np.log(a)
            - np.log(np.where(frequency > 0, b + frequency - 1, 1.0))
            + (r + frequency) * (np.log(alpha + age) - np.log(alpha + recency))
        ),
        0.0,
    )
    return np.asarray(1 / (1 + odds_dropped))


def expected_purchases(fitted: Fit, weeks: float, frequency: Vector, recency: Vector, age: Vector) -> Vector:
    """Return the purchases to expect of each customer in the coming `weeks` (n), equation 10 of the paper."""
    r, alpha, a, b = (fitted.parameters[name] for name in PARAMETERS)
    alive = p_alive(fitted, frequency, recency, age)
    if abs(a - 1) < _NEAR_ONE:
        below, above = (_expected_of_alive(r, alpha, near, b, weeks, frequency, age) for near in (1 - 1e-4, 1 + 1e-4))
        return alive * (below + above) / 2
    return alive * _expected_of_alive(r, alpha, a, b, weeks, frequency, age)


def _expected_of_alive(
    r: float, alpha: float, a: float, b: float, weeks: float, frequency: Vector, age: Vector
) -> Vector:
    z = weeks / (alpha + age + weeks)
    with np.errstate(over="ignore", invalid="ignore"):
        share = (1 - z) ** (r + frequency) * hyp2f1(r + frequency, b + frequency, a + b + frequency - 1, z)
    # of very many purchases the two factors leave the range of doubles, where Pfaff's transformation does not; scipy
    # does not know its value everywhere
    out_of_range = ~np.isfinite(share)
    if out_of_range.any():
        x = frequency[out_of_range]
        turned = (z / (z - 1))[out_of_range]
        share[out_of_range] = hyp2f1(r + x, a - 1, a + b + x - 1, turned)
    return np.asarray((a + b + frequency - 1) / (a - 1) * (1 - share))
