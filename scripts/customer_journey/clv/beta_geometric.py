"""BG/NBD and MBG/NBD: customers buy at individual rates and may drop out after a purchase.

BG/NBD: Fader, Hardie, Lee (2005): "Counting Your Customers" the Easy Way, Marketing Science 24(2). Nobody drops out
before the first repeat purchase, so every one-time buyer is alive with certainty. MBG/NBD: Batislam, Denizel,
Filiztekin (2007), IJRM 24(3), and Hoppe, Wagner (2007), Marketing JRM 3(2): customers may drop out after their first
purchase too.

Purchase rates are Gamma(r, alpha) distributed, dropout probabilities Beta(a, b). A customer is described by x repeat
purchases (`frequency`), the time from the first to the last purchase (`recency`) and the time observed (`age`), both in
weeks. The models differ only in the number of dropout opportunities: x or x + 1.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, digamma, gammaln, hyp2f1, logsumexp

from customer_journey.clv.likelihood import Fit, FitError, Vector, maximize

PARAMETERS = ("r", "alpha", "a", "b")
# If all customers have the same dropout probability, a and b grow without limit at a constant mean a / (a + b); if
# nobody drops out, a approaches 0. In both cases predictions hardly change any more, so the search may end at a bound.
_DROPOUT = {"a": (1e-3, 1e4), "b": (1e-3, 1e4)}
# The expectation below is 0 / 0 at a = 1: within this distance of 1 it is interpolated linearly.
_NEAR_ONE = 1e-5


@dataclass(frozen=True)
class BetaGeometric:
    """A purchase model; `chances_at_first` is 1 if customers may drop out after the first purchase, otherwise 0."""

    name: str
    chances_at_first: int

    def log_likelihood(
        self, parameters: Vector, frequency: Vector, recency: Vector, age: Vector
    ) -> tuple[Vector, Vector]:
        """Return each customer's log-likelihood (n) and its gradient by r, alpha, a, b (4 x n).

        Equation 6 of Fader, Hardie, Lee in logarithms, which avoid overflow for many purchases and cancellation.
        """
        r, alpha, a, b = parameters
        x = frequency
        chances = x + self.chances_at_first
        has_chance = chances > 0
        log_age = np.log(alpha + age)
        log_recency = np.log(alpha + recency)
        # without an opportunity to drop out there is no second term
        stays = np.where(has_chance, b + chances - 1, 1.0)
        alive = -(r + x) * log_age
        dropped = np.where(has_chance, np.log(a) - np.log(stays) - (r + x) * log_recency, -np.inf)
        either = logsumexp([alive, dropped], axis=0)
        value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + chances) - betaln(a, b) + either
        share_alive = np.exp(alive - either)
        share_dropped = 1 - share_alive
        gradient = np.array([
            digamma(r + x) - digamma(r) + np.log(alpha) - share_alive * log_age - share_dropped * log_recency,
            r / alpha - (r + x) * (share_alive / (alpha + age) + share_dropped / (alpha + recency)),
            digamma(a + b) - digamma(a + b + chances) + share_dropped / a,
            digamma(a + b) + digamma(b + chances) - digamma(b) - digamma(a + b + chances)
            - np.where(has_chance, share_dropped / stays, 0.0),
        ])  # fmt: skip
        return value, gradient

    def fit(self, frequency: Vector, recency: Vector, age: Vector, customers: Vector, least_repeaters: int) -> Fit:
        """Fit r, alpha, a and b to groups of customers with equal statistics, `customers` in each.

        Raises:
            FitError: fewer than `least_repeaters` repeat buyers, no convergence, or a flat likelihood.
        """
        repeaters = int(customers[frequency > 0].sum())
        if repeaters < least_repeaters:
            raise FitError(f"too few customers: {repeaters} bought again, {least_repeaters} are needed")
        total = customers.sum()

        def mean(parameters: Vector) -> tuple[float, Vector]:
            value, gradient = self.log_likelihood(parameters, frequency, recency, age)
            return float(value @ customers / total), gradient @ customers / total

        start = np.array([1.0, max(float(age @ customers / total), 1e-3) / 2, 1.0, 2.0])
        return maximize(PARAMETERS, mean, start, int(total), _DROPOUT)

    def p_alive(self, fitted: Fit, frequency: Vector, recency: Vector, age: Vector) -> Vector:
        """Return the probability that each customer has not dropped out (n); 1 without an opportunity to drop out.

        Fader, Hardie (2008): Computing P(alive) Using the BG/NBD Model.
        """
        r, alpha, a, b = (fitted.parameters[name] for name in PARAMETERS)
        chances = frequency + self.chances_at_first
        odds_dropped = np.where(
            chances > 0,
            np.exp(
                np.log(a)
                - np.log(np.where(chances > 0, b + chances - 1, 1.0))
                + (r + frequency) * (np.log(alpha + age) - np.log(alpha + recency))
            ),
            0.0,
        )
        return np.asarray(1 / (1 + odds_dropped))

    def expected_purchases(self, fitted: Fit, weeks: float, frequency: Vector, recency: Vector, age: Vector) -> Vector:
        """Return the expected purchases of each customer in the coming `weeks` (n), equation 10 of the paper.

        For a customer who is alive, the rate is Gamma(r + x, alpha + age) and the dropout probability
        Beta(a, b + opportunities so far).
        """
        r, alpha, a, b = (fitted.parameters[name] for name in PARAMETERS)
        alive = self.p_alive(fitted, frequency, recency, age)
        b_then = b + frequency + self.chances_at_first
        if abs(a - 1) < _NEAR_ONE:
            below, above = (
                _expected_of_alive(r + frequency, alpha + age, near, b_then, weeks) for near in (1 - 1e-4, 1 + 1e-4)
            )
            return alive * (below + above) / 2
        return alive * _expected_of_alive(r + frequency, alpha + age, a, b_then, weeks)


BG_NBD = BetaGeometric("bg_nbd", chances_at_first=0)
MBG_NBD = BetaGeometric("mbg_nbd", chances_at_first=1)
MODELS = {model.name: model for model in (BG_NBD, MBG_NBD)}


def _expected_of_alive(r: Vector, alpha: Vector, a: float, b: Vector, weeks: float) -> Vector:
    """Return the expected purchases in `weeks` of customers who are alive, given each customer's parameters."""
    z = weeks / (alpha + weeks)
    with np.errstate(over="ignore", invalid="ignore"):
        share = (1 - z) ** r * hyp2f1(r, b, a + b - 1, z)
    # for very many purchases the two factors leave the range of doubles: only there use Pfaff's transformation, which
    # stays in range but which scipy cannot evaluate everywhere
    out_of_range = ~np.isfinite(share)
    if out_of_range.any():
        turned = (z / (z - 1))[out_of_range]
        share[out_of_range] = hyp2f1(r[out_of_range], a - 1, (a + b - 1)[out_of_range], turned)
    return np.asarray((a + b - 1) / (a - 1) * (1 - share))
