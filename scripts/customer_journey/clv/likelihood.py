"""Maximum likelihood over positive parameters: what both models of CLV share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Vector = NDArray[np.float64]

# A parameter that runs this far (its logarithm) has no maximum: the data does not tell where it ends.
_FAR = 12.0
# Of the mean log-likelihood a customer, by the logarithm of a parameter.
_LEVEL_GRADIENT = 1e-5
# The least curvature of the mean log-likelihood, likewise: below it the parameters change by a factor without a trace.
_FLAT_CURVATURE = 1e-7
_STEP = 1e-4


class FitError(Exception):
    """The parameters cannot be told from the data; the message says why in one line."""


@dataclass(frozen=True)
class Fit:
    """Parameters at the maximum, in the model's order, the log-likelihood summed over customers, and their number."""

    parameters: dict[str, float]
    log_likelihood: float
    customers: int


def maximize(
    names: Sequence[str],
    mean_log_likelihood: Callable[[Vector], tuple[float, Vector]],
    start: Vector,
    customers: int,
) -> Fit:
    """Find the parameters with the greatest log-likelihood.

    `mean_log_likelihood` takes the parameters (all positive, in the order of `names`) and returns the log-likelihood a
    customer and its gradient. The search runs over logarithms, from `start`, by L-BFGS-B.

    Raises:
        FitError: no convergence, or a likelihood so flat that it has no single maximum.
    """

    def of_logarithms(logarithms: Vector) -> tuple[float, Vector]:
        parameters = np.exp(logarithms)
        value, gradient = mean_log_likelihood(parameters)
        return -value, -gradient * parameters

    bounds = [(-_FAR, _FAR)] * len(names)
    found = minimize(
        of_logarithms,
        np.log(start),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 2000, "maxfun": 20000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30},
    )
    logarithms: Vector = found.x
    value, gradient = of_logarithms(logarithms)
    if not np.isfinite(value):
        raise FitError("no convergence: the log-likelihood is not finite")
    far = [name for name, logarithm in zip(names, logarithms, strict=True) if abs(logarithm) > _FAR - 1]
    if far:
        raise FitError(f"flat likelihood: {', '.join(far)} runs off without a maximum")
    if np.max(np.abs(gradient)) > _LEVEL_GRADIENT:
        raise FitError(f"no convergence after {found.nit} steps (gradient {np.max(np.abs(gradient)):.1e})")
    curvature = float(np.linalg.eigvalsh(_hessian(of_logarithms, logarithms))[0])
    if curvature < _FLAT_CURVATURE:
        raise FitError(f"flat likelihood: curvature {curvature:.1e} at the best parameters found")
    parameters = np.exp(logarithms)
    return Fit(
        dict(zip(names, (float(value) for value in parameters), strict=True)), float(-value * customers), customers
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
