"""From a maximum-likelihood fit to estimates with intervals that cover.

Plain maximum likelihood with an intercept a draw covers .90 in place of .95 (each draw takes a degree of freedom), and
less under censoring. Covariances are scaled by w/(w - draws - p) and intervals use t with w - draws - p degrees of
freedom, w being the information of the rows on their curve, in rows: 1 for one seen to the step, a fraction for a
censored one. Without censoring w is the number of rows and this is ordinary least squares.

With a random intercept a predictor that moves within draws has the degrees of freedom of the rows, w - draws - p of
those; one that is the same in all rows of a draw (N, a_gap) has those of the draws: draws - 1 - q of those, like the
level. Each variance is scaled accordingly, the draws' by draws/(draws - 1 - q): restricted maximum likelihood where the
design is balanced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from studies.laws.design import moves_within
from studies.laws.fit import Fit
from studies.laws.likelihood import Sample
from studies.laws.mixed_fit import Mixed
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
        slopes: shape (p,); covariance: shape (p, p), corrected.
        dfs: residual degrees of freedom of each slope, shape (p,).
        inflation: by how much each slope's variance was corrected, shape (p,).
        df: the residual degrees of freedom within draws.
        sigma: standard deviation of log t within draws, corrected.
        tau: that of the draws' intercepts under a random one, corrected; None: they are fixed or pooled.
        level: mean over draws of the log prefactor.
        intercepts: each draw's log prefactor, shape (draws,).
    """

    slopes: Floats
    covariance: Floats
    dfs: Floats
    inflation: Floats
    df: float
    sigma: float
    tau: float | None
    level: Estimate
    intercepts: Floats

    def slope(self, j: int) -> Estimate:
        """Return the estimate of one exponent."""
        return Estimate(float(self.slopes[j]), math.sqrt(self.covariance[j, j]), float(self.dfs[j]))


def degrees_of_freedom(fit: Fit, sample: Sample) -> float:
    """Return the information of the rows, in rows, less one for every draw and exponent."""
    weight = fit.maximum.expansion.weight / sample.noise.information
    return weight - len(fit.intercepts) - len(fit.slopes)


def infer(fit: Fit, sample: Sample, *, stream: NDArray[np.intp] | None) -> Inference:
    """Correct a fit's covariance for the parameters fitted.

    Args:
        fit: with at least one residual degree of freedom.
        sample: the rows that it is of.
        stream: of each draw, where the intercepts are those of draws, themselves a sample: the level then carries the
            scatter between their streams; None: there is one intercept for all.
    """
    df = degrees_of_freedom(fit, sample)
    inflation = 1 + (len(fit.intercepts) + len(fit.slopes)) / df
    return Inference(
        slopes=fit.slopes,
        covariance=fit.slopes_covariance * inflation,
        dfs=np.full(len(fit.slopes), df),
        inflation=np.full(len(fit.slopes), inflation),
        df=df,
        sigma=fit.sigma * math.sqrt(inflation),
        tau=None,
        level=level_at(fit, sample, np.zeros(len(fit.slopes)), stream=stream),
        intercepts=fit.intercepts,
    )


def infer_mixed(fit: Mixed, sample: Sample) -> Inference:
    """Correct the covariance of a fit with a random intercept.

    Args:
        fit: with at least one residual degree of freedom within draws and one between them.
        sample: the rows that it is of.
    """
    within = moves_within(sample.x, sample.draw, sample.draws)
    inside, between = mixed_degrees_of_freedom(fit, sample)
    of_rows, of_draws = _inflations(fit, sample)
    inflation = np.where(within, of_rows, of_draws)
    covariance = corrected(fit, sample)
    return Inference(
        slopes=fit.slopes,
        covariance=covariance[1:, 1:],
        dfs=np.where(within, inside, between),
        inflation=inflation,
        df=inside,
        sigma=fit.sigma * math.sqrt(of_rows),
        tau=fit.tau * math.sqrt(of_draws),
        level=level_at(fit, sample, np.zeros(len(fit.slopes)), stream=None),
        intercepts=fit.intercepts,
    )


def _inflations(fit: Mixed, sample: Sample) -> tuple[float, float]:
    """By how much the variances within and between draws are corrected."""
    inside, between = mixed_degrees_of_freedom(fit, sample)
    return 1 + float(moves_within(sample.x, sample.draw, sample.draws).sum()) / inside, sample.draws / between


def corrected(fit: Fit | Mixed, sample: Sample) -> Floats:
    """Return the covariance of (level, slopes) with one level for all draws, shape (p+1, p+1)."""
    if isinstance(fit, Mixed):
        return _corrected(fit, sample)
    level = np.atleast_2d(fit.own_variance + fit.shared_variance)
    across = fit.shared_covariance[None]
    whole = np.block([[level, across], [across.T, fit.slopes_covariance]])
    return whole * (1 + (1 + len(fit.slopes)) / degrees_of_freedom(fit, sample))


def _corrected(fit: Mixed, sample: Sample) -> Floats:
    of_rows, of_draws = _inflations(fit, sample)
    scale = np.sqrt(np.append(of_draws, np.where(moves_within(sample.x, sample.draw, sample.draws), of_rows, of_draws)))
    # about the middle of the rows, where level and slopes hardly vary together: elsewhere the level is mostly slopes,
    # and the units of x would decide by how much it is corrected
    there = np.eye(len(scale))
    there[0, 1:] = sample.x.mean(axis=0)
    back = np.linalg.inv(there)
    return back @ ((there @ fit.covariance @ there.T) * np.outer(scale, scale)) @ back.T


def mixed_degrees_of_freedom(fit: Mixed, sample: Sample) -> tuple[float, float]:
    """Return those within draws and those between them."""
    within = int(moves_within(sample.x, sample.draw, sample.draws).sum())
    return fit.weight - sample.draws - within, float(sample.draws - 1 - (sample.x.shape[1] - within))


def level_at(fit: Fit | Mixed, sample: Sample, x: Floats, *, stream: NDArray[np.intp] | None) -> Estimate:
    """Return the mean over draws of log t at one place: what the band about a fitted line is made of.

    Args:
        fit: with at least one residual degree of freedom.
        sample: the rows that it is of.
        x: logarithms of the predictors there, shape (p,); zeros: the level itself.
        stream: see `infer`.
    """
    if isinstance(fit, Mixed):
        place = np.append(1.0, x)
        variance = float(place @ corrected(fit, sample) @ place)
        between = mixed_degrees_of_freedom(fit, sample)[1]
        return Estimate(float(fit.level + x @ fit.slopes), math.sqrt(max(0.0, variance)), between)
    df = degrees_of_freedom(fit, sample)
    inflation = 1 + (len(fit.intercepts) + len(fit.slopes)) / df
    draws = len(fit.intercepts)
    mean = float(fit.intercepts.mean() + x @ fit.slopes)
    shared = fit.shared_variance + float(2 * x @ fit.shared_covariance + x @ fit.slopes_covariance @ x)
    # far from the rows the three cancel, and rounding may leave less than nothing
    shared = max(0.0, shared) * inflation
    if stream is None or draws == 1:
        return Estimate(mean, math.sqrt(fit.own_variance * inflation + shared), df)
    off = np.bincount(stream, fit.intercepts - fit.intercepts.mean())
    if (streams := len(off)) == 1:  # nothing tells how streams differ
        off, streams = fit.intercepts - fit.intercepts.mean(), draws
    between = float((off**2).sum()) / draws**2 * streams / (streams - 1)
    total = between + shared
    # Satterthwaite: two variances, each with its own degrees of freedom
    weight = between**2 / (streams - 1) + shared**2 / df
    return Estimate(mean, math.sqrt(total), total**2 / weight if weight > 0 else df)
