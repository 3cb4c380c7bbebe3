"""From a maximum-likelihood fit to estimates with intervals that cover.

Plain maximum likelihood with an intercept a draw covers .90 in place of .95 (each draw takes a degree of freedom), and
less under censoring. Covariances are scaled by w/(w - draws - p) and intervals use t with w - draws - p degrees of
freedom, w being the information of the rows on their curve, in rows: 1 for one seen to the step, a fraction for a
censored one. Without censoring w is the number of rows and this is ordinary least squares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from studies.laws.fit import Fit
from studies.laws.noise import Floats

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its standard error and the degrees of freedom of its t interval."""

    value: float
    se: float
    df: float

    @property
    def ci95(self) -> tuple[float, float]:
        """The 95 % interval."""
        half = float(stats.t.ppf((1 + LEVEL) / 2, self.df)) * self.se
        return self.value - half, self.value + half


@dataclass(frozen=True, slots=True)
class Inference:
    """What a fit says once its degrees of freedom are counted.

    Attributes:
        df: residual degrees of freedom.
        slopes: shape (p,); covariance: shape (p, p), corrected.
        sigma: standard deviation of log t within draws, corrected.
        level: mean over draws of the log prefactor.
        intercepts: each draw's log prefactor, shape (draws,).
    """

    df: float
    slopes: Floats
    covariance: Floats
    sigma: float
    level: Estimate
    intercepts: Floats

    def slope(self, j: int) -> Estimate:
        """Return the estimate of one exponent."""
        return Estimate(float(self.slopes[j]), math.sqrt(self.covariance[j, j]), self.df)


def degrees_of_freedom(fit: Fit) -> float:
    """Return the information of the rows, in rows, less one for every draw and exponent."""
    return float(fit.maximum.expansion.levels_levels.sum()) - len(fit.intercepts) - len(fit.slopes)


def infer(fit: Fit, *, drawn: bool) -> Inference:
    """Correct a fit's covariance for the parameters fitted.

    Args:
        fit: with at least one residual degree of freedom.
        drawn: the intercepts are those of draws, themselves a sample: the level then carries their scatter.
    """
    df = degrees_of_freedom(fit)
    inflation = 1 + (len(fit.intercepts) + len(fit.slopes)) / df
    return Inference(
        df=df,
        slopes=fit.slopes,
        covariance=fit.slopes_covariance * inflation,
        sigma=fit.sigma * math.sqrt(inflation),
        level=level_at(fit, np.zeros(len(fit.slopes)), drawn=drawn),
        intercepts=fit.intercepts,
    )


def level_at(fit: Fit, x: Floats, *, drawn: bool) -> Estimate:
    """Return the mean over draws of log t at one place: what the band about a fitted line is made of.

    Args:
        fit: with at least one residual degree of freedom.
        x: logarithms of the predictors there, shape (p,); zeros: the level itself.
        drawn: see `infer`.
    """
    df = degrees_of_freedom(fit)
    inflation = 1 + (len(fit.intercepts) + len(fit.slopes)) / df
    draws = len(fit.intercepts)
    mean = float(fit.intercepts.mean() + x @ fit.slopes)
    shared = fit.shared_variance + float(2 * x @ fit.shared_covariance + x @ fit.slopes_covariance @ x)
    # far from the rows the three cancel, and rounding may leave less than nothing
    shared = max(0.0, shared) * inflation
    if not drawn or draws == 1:
        return Estimate(mean, math.sqrt(fit.own_variance * inflation + shared), df)
    between = float(np.var(fit.intercepts, ddof=1)) / draws
    total = between + shared
    # Satterthwaite: two variances, each with its own degrees of freedom
    weight = between**2 / (draws - 1) + shared**2 / df
    return Estimate(mean, math.sqrt(total), total**2 / weight if weight > 0 else df)
