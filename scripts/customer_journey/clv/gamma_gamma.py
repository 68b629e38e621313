"""Gamma-Gamma: what a purchase day is worth, which differs between customers but not with how often they buy.

Fader, Hardie (2013): The Gamma-Gamma Model of Monetary Value. Values of one customer are Gamma(p, nu), and nu is
Gamma(q, v) over customers.
"""

from dataclasses import replace

import numpy as np
from scipy.special import digamma, gammaln

from customer_journey.clv.likelihood import Fit, FitError, Vector, maximize

PARAMETERS = ("p", "q", "v")


def log_likelihood(parameters: Vector, days: Vector, mean_value: Vector) -> tuple[Vector, Vector]:
    """Return each customer's log-likelihood (n) and its gradient by p, q, v (3 x n): equation 1a of the note."""
    p, q, v = parameters
    log_value, log_days = np.log(mean_value), np.log(days)
    log_total = np.log(v + days * mean_value)
    value = (
        gammaln(p * days + q) - gammaln(p * days) - gammaln(q)
        + q * np.log(v) + (p * days - 1) * log_value + p * days * log_days - (p * days + q) * log_total
    )  # fmt: skip
    at_both = digamma(p * days + q)
    gradient = np.array([
        days * (at_both - digamma(p * days) + log_value + log_days - log_total),
        at_both - digamma(q) + np.log(v) - log_total,
        q / v - (p * days + q) / (v + days * mean_value),
    ])  # fmt: skip
    return value, gradient


def fit(days: Vector, mean_value: Vector, customers: Vector, least_customers: int) -> Fit:
    """Fit p, q and v to groups of customers with equal repeat days (> 0) and mean value of one (> 0).

    The values are scaled by their mean for the search, which leaves p and q and scales v.

    Raises:
        FitError: fewer than `least_customers`, no convergence, a flat likelihood, or q of 1 or less, which has no mean.
    """
    total = int(customers.sum())
    if total < least_customers:
        raise FitError(f"too few customers: {total} with a value on repeat days, {least_customers} are needed")
    scale = float(mean_value @ customers / total)

    def mean(parameters: Vector) -> tuple[float, Vector]:
        value, gradient = log_likelihood(parameters, days, mean_value / scale)
        return float(value @ customers / total), gradient @ customers / total

    fitted = maximize(PARAMETERS, mean, np.array([1.5, 3.0, 2.0]), total, ranges={})
    if fitted.parameters["q"] <= 1:
        raise FitError(f"no mean: q is {fitted.parameters['q']:.3f}, but the mean value exists only for q above 1")
    parameters = {**fitted.parameters, "v": fitted.parameters["v"] * scale}
    # a density of values scales by 1 / scale
    return replace(fitted, parameters=parameters, log_likelihood=fitted.log_likelihood - total * float(np.log(scale)))
