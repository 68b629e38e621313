"""Shifted beta-geometric model (sBG): the lifetime of subscriptions whose holders have individual churn probabilities.

Fader, Hardie (2007): How to Project Customer Retention, Journal of Interactive Marketing 21(1). Each holder cancels
at the end of a month with an individual probability, Beta(alpha, beta) distributed over holders, so the retention rate
of the remaining holders rises over time.
"""

import numpy as np
from scipy.special import betaln, digamma

from customer_journey.clv.likelihood import Fit, FitError, Vector, maximize

PARAMETERS = ("alpha", "beta")
# If all holders have the same churn probability, alpha and beta grow without limit at a constant mean; the expected
# months hardly change any more, so the search may end at a bound.
_RANGES = {"alpha": (1e-3, 1e4), "beta": (1e-3, 1e6)}


def log_likelihood(parameters: Vector, months: Vector, is_ended: Vector) -> tuple[Vector, Vector]:
    """Return each subscription's log-likelihood (n) and its gradient by alpha, beta (2 x n).

    Appendix A of the paper: for a subscription that ended in its month `months` (from 1) the likelihood is
    B(alpha + 1, beta + months - 1), for a running one renewed `months` times (censored) it is B(alpha, beta + months);
    both are divided by B(alpha, beta).
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
    """Return the share of month ends at which subscriptions were renewed; 1 if none has reached a month end."""
    ends = float(subscriptions @ months)
    return 1 - float(subscriptions @ is_ended) / ends if ends else 1.0


def renewals(fitted: Fit, months: Vector, ahead: int) -> Vector:
    """Return the probability of each of the coming `ahead` renewals, given all renewals before it (ahead x n).

    A subscription renewed `months` times is renewed next with probability (beta + months) / (alpha + beta + months).
    """
    alpha, beta = (fitted.parameters[name] for name in PARAMETERS)
    before = months + np.arange(ahead)[:, None]
    return np.asarray((beta + before) / (alpha + beta + before))


def expected_months(renewed: Vector, discount_rate: float) -> Vector:
    """Return the expected discounted months of each subscription (n), given the renewal probabilities (ahead x n).

    A month counts if it and all before it are renewed; it is discounted at the yearly rate `discount_rate`.
    """
    month = np.arange(1, len(renewed) + 1)[:, None]
    return np.asarray((renewed.cumprod(axis=0) / (1 + discount_rate) ** (month / 12)).sum(axis=0))
