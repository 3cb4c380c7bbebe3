"""What is reported of the maximum of a likelihood: evidence of convergence, covariance and goodness of fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grokscale.studies.laws.likelihood.design import means
from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample

FLAT = 100.0
"""Variance of log sigma above which sigma counts as not identified: a few rows tell it to a factor of e."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that a search has found the maximum.

    Attributes:
        gradient_norm: the gradient measured by the inverse of the information: the distance to the maximum in
            standard errors.
        iterations: Newton steps taken; 0 for a solution in closed form.
        converged: the distance is below a millionth of a standard error, or the solution is in closed form.
        starts: of the search; one where the likelihood is concave.
        optima: distinct maxima that they led to.
    """

    gradient_norm: float
    iterations: int
    converged: bool
    starts: int = 1
    optima: int = 1


def inverse(information: Floats) -> Floats:
    """Return the covariance of parameters from the information on them, shape (q, q).

    Raises:
        NoMaximum: the likelihood is flat in some direction.
    """
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    try:
        with np.errstate(over="ignore"):
            factor = np.linalg.inv(np.linalg.cholesky(information / scale / scale[:, None]))
    except np.linalg.LinAlgError:
        raise NoMaximum from None
    return factor.T @ factor / scale / scale[:, None]


def r2(sample: Sample, intercepts: Floats, slopes: Floats, sigma: float) -> float | None:
    """Return the share of the variation of log t within draws that x explains, over exact rows."""
    exact, draw = sample.exact, sample.draw[sample.exact]
    y = sample.lower[exact]
    if not y.size:
        return None
    total = ((y - means(y[:, None], draw, sample.draws)[draw, 0]) ** 2).sum()
    centre = intercepts[draw] + sample.x[exact] @ slopes + sigma * sample.noise.mean * sample.stretches[exact]
    left = ((y - centre) ** 2).sum()
    return float(1 - left / total) if total > 0 else None
