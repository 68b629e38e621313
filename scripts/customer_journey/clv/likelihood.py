"""Maximum likelihood estimation of positive parameters, shared by the CLV models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Vector = NDArray[np.float64]

# Bounds of a parameter's logarithm: at a bound the likelihood has no maximum, so the data does not determine it.
_FAR = (-12.0, 12.0)
# The maximum number of searches, each starting where the previous one ended.
_SEARCHES = 5
# The largest gradient accepted as converged: of the mean log-likelihood per customer, by the parameters' logarithms.
_LEVEL_GRADIENT = 1e-5
# The least curvature of the same function: below it, parameters can change by a factor without changing the likelihood.
_FLAT_CURVATURE = 1e-7
_STEP = 1e-4
_CLOSE = 0.01


class FitError(Exception):
    """The parameters cannot be estimated from the data; the message gives the reason in one line."""


@dataclass(frozen=True)
class Fit:
    """Parameters at the maximum, in the model's order, the log-likelihood summed over customers, and their number.

    `at_edge` is true if the maximum is at a bound of a given range.
    """

    parameters: dict[str, float]
    log_likelihood: float
    customers: int
    at_edge: bool = False


def maximize(
    names: Sequence[str],
    mean_log_likelihood: Callable[[Vector], tuple[float, Vector]],
    start: Vector,
    customers: int,
    ranges: Mapping[str, tuple[float, float]],
) -> Fit:
    """Find the parameters with the greatest log-likelihood.

    `mean_log_likelihood` takes the parameters (all positive, in the order of `names`) and returns the log-likelihood
    per customer and its gradient. L-BFGS-B searches over the logarithms from `start`. Parameters named in `ranges` stay
    within them and may end at a bound; such a point is accepted as the maximum.

    Raises:
        FitError: no convergence, or a likelihood so flat that it has no single maximum.
    """

    def of_logarithms(logarithms: Vector) -> tuple[float, Vector]:
        parameters = np.exp(logarithms)
        value, gradient = mean_log_likelihood(parameters)
        return -value, -gradient * parameters

    bounds = [tuple(np.log(ranges[name])) if name in ranges else _FAR for name in names]
    # On some processors a line search finds no better point and ends the search early. A new search from that point
    # discards the misleading curvature estimate and continues.
    logarithms: Vector = np.log(start)
    steps = 0
    for _ in range(_SEARCHES):
        found = minimize(
            of_logarithms,
            logarithms,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 2000, "maxfun": 20000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30},
        )
        logarithms = found.x
        steps += found.nit
        if found.nit == 0:
            break
    value, gradient = of_logarithms(logarithms)
    if not np.isfinite(value):
        raise FitError("no convergence: the log-likelihood is not finite")
    close = [
        name
        for name, logarithm, (low, high) in zip(names, logarithms, bounds, strict=True)
        if min(logarithm - low, high - logarithm) < _CLOSE
    ]
    if far := [name for name in close if name not in ranges]:
        raise FitError(f"flat likelihood: {', '.join(far)} grows without reaching a maximum")
    # if one is at a bound, the others with ranges may lie anywhere along a ridge: check only those without ranges
    inner = [index for index, name in enumerate(names) if not close or name not in ranges]
    steepest = float(np.max(np.abs(gradient[inner]), initial=0))
    if steepest > _LEVEL_GRADIENT:
        raise FitError(f"no convergence after {steps} steps (gradient {steepest:.1e})")
    if inner:
        curvature = float(np.linalg.eigvalsh(_hessian(of_logarithms, logarithms)[np.ix_(inner, inner)])[0])
        if curvature < _FLAT_CURVATURE:
            raise FitError(f"flat likelihood: curvature {curvature:.1e} at the best parameters found")
    parameters = np.exp(logarithms)
    return Fit(
        dict(zip(names, (float(value) for value in parameters), strict=True)),
        float(-value * customers),
        customers,
        at_edge=bool(close),
    )


def _hessian(function: Callable[[Vector], tuple[float, Vector]], at: Vector) -> Vector:
    """Return the second derivatives, by central differences of the gradient."""
    rows = []
    for index in range(len(at)):
        step = np.zeros(len(at))
        step[index] = _STEP
        rows.append((function(at + step)[1] - function(at - step)[1]) / (2 * _STEP))
    hessian = np.array(rows)
    return (hessian + hessian.T) / 2
