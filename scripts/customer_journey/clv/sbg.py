"""Shifted beta-geometric: how long subscriptions last whose holders differ in how readily they cancel.

Fader, Hardie (2007): How to Project Customer Retention, Journal of Interactive Marketing 21(1). Each holder cancels
at the end of a month with a probability that is Beta(alpha, beta) over holders, so those who stay are the loyal ones.
"""

import numpy as np
from scipy.special import betaln, digamma

from customer_journey.clv.likelihood import Fit, FitError, Vector, maximize

PARAMETERS = ("alpha", "beta")
# Where holders do not differ in how readily they cancel, alpha and beta grow without end at one mean; the months to
# expect hardly move any more, so the search may end at an edge.
_RANGES = {"alpha": (1e-3, 1e4), "beta": (1e-3, 1e6)}


def log_likelihood(parameters: Vector, months: Vector, is_ended: Vector) -> tuple[Vector, Vector]:
    """Return each subscription's log-likelihood (n) and its gradient by alpha, beta (2 x n).

    Appendix A of the paper: one that ended in its month `months` (from 1) has B(alpha + 1, beta + months - 1), one
    that has been renewed `months` times and runs has B(alpha, beta + months); both over B(alpha, beta).
    """
    alpha, beta = parameters
    cancels, renews = is_ended, months - is_ended
    value = betaln(alpha + cancels, beta + renews) - betaln(alpha, beta)
    of_both = digamma(alpha + beta) - digamma(alpha + beta + months)
    gradient = np.array([
        digamma(alpha + cancels) - digamma(alpha) + of_both,
        digamma(beta + renews) - digamma(beta) + of_both,
    ])  # fmt: skip
    return value, gradient


def fit(months: Vector, is_ended: Vector, subscriptions: Vector, least_subscriptions: int) -> Fit:
    """Fit alpha and beta to groups of subscriptions with equal `months` and end, `subscriptions` in each.

    Raises:
        FitError: fewer than `least_subscriptions`, no convergence, or a flat likelihood.
    """
    total = int(subscriptions.sum())
    if total < least_subscriptions:
        raise FitError(f"too few customers: {total} subscriptions, {least_subscriptions} are needed")

    def mean(parameters: Vector) -> tuple[float, Vector]:
        value, gradient = log_likelihood(parameters, months, is_ended)
        return float(value @ subscriptions / total), gradient @ subscriptions / total

    renewed = renewal_share(months, is_ended, subscriptions)
    return maximize(PARAMETERS, mean, np.array([1.0, max(renewed / max(1 - renewed, 1e-2), 0.1)]), total, _RANGES)


def renewal_share(months: Vector, is_ended: Vector, subscriptions: Vector) -> float:
    """Return the share of ends of months at which a subscription was renewed; 1 where none has come to one."""
    ends = float(subscriptions @ months)
    return 1 - float(subscriptions @ is_ended) / ends if ends else 1.0


def renewals(fitted: Fit, months: Vector, ahead: int) -> Vector:
    """Return the probability of each of the coming `ahead` renewals, if it comes to that (ahead x n).

    Of a subscription that has been renewed `months` times the next is (beta + months) / (alpha + beta + months).
    """
    alpha, beta = (fitted.parameters[name] for name in PARAMETERS)
    before = months + np.arange(ahead)[:, None]
    return np.asarray((beta + before) / (alpha + beta + before))


def expected_months(renewed: Vector, discount_rate: float) -> Vector:
    """Return the months to expect of each subscription (n) with these probabilities of renewals (ahead x n).

    A month counts if it and all before it are renewed; each is discounted at `discount_rate` a year.
    """
    month = np.arange(1, len(renewed) + 1)[:, None]
    return np.asarray((renewed.cumprod(axis=0) / (1 + discount_rate) ** (month / 12)).sum(axis=0))
