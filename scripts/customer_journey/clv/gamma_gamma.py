"""Gamma-Gamma: the value of a purchase day varies between customers, independently of their purchase frequency.

Fader, Hardie (2013): The Gamma-Gamma Model of Monetary Value. The values of one customer are Gamma(p, nu) distributed,
and nu is Gamma(q, v) distributed over customers.
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
    """Fit p, q and v to groups of customers with equal number of repeat days (> 0) and mean value of such a day (> 0).

    For the search the values are divided by their mean, which leaves p and q unchanged and scales v.

    Raises:
        FitError: fewer than `least_customers`, no convergence, a flat likelihood, or q <= 1 (the mean does not exist).
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
    # scaling the values multiplies their density by 1 / scale, so the log-likelihood is corrected
    return replace(fitted, parameters=parameters, log_likelihood=fitted.log_likelihood - total * float(np.log(scale)))
