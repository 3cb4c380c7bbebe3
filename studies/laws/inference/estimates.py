"""From a maximum-likelihood fit to estimates with intervals that cover.

Plain maximum likelihood with an intercept a draw covers .90 in place of .95 (each draw takes a degree of freedom), and
less under censoring. Covariances are scaled by w/(w - draws - p) and intervals use t with w - draws - p degrees of
freedom, w being the information of the rows on their linear predictor: 1 for an exact row, a fraction for a
censored one. Without censoring w is the number of rows and this is ordinary least squares.

With a random intercept a predictor that moves within draws alone has the degrees of freedom of the rows beyond the
first of each draw, less those of such predictors; one that is the same in all rows of a draw (N, a_gap) has those of
the draws: draws - 1 - q of those, like the level; one that does both has something between them, by what each tells of
it. Each variance is scaled accordingly, the draws' by draws/(draws - 1 - q): restricted maximum likelihood where the
design is balanced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from grokscale.studies.laws.likelihood.fixed.fit import Fit
from grokscale.studies.laws.likelihood.mixed.fit import Mixed
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample

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
        half = float(stdtrit(self.df, (1 + LEVEL) / 2)) * self.se
        return self.value - half, self.value + half


@dataclass(frozen=True, slots=True)
class Inference:
    """The estimates of a fit, corrected for its degrees of freedom.

    Attributes:
        slopes: shape (p,); covariance: shape (p, p), corrected.
        dfs: residual degrees of freedom of each slope, shape (p,).
        inflation: factor by which each slope's variance was corrected, shape (p,).
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
    """Return the information of the rows, in exact rows, less one for every draw and exponent."""
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
        fit: of which no degrees of freedom are missing.
        sample: the rows that it is of.
    """
    degrees = mixed_degrees(fit)
    return Inference(
        slopes=fit.slopes,
        covariance=_corrected(fit, sample, degrees)[1:, 1:],
        dfs=degrees.slopes,
        inflation=degrees.inflation,
        df=degrees.within,
        sigma=fit.sigma * math.sqrt(degrees.of_rows),
        tau=fit.tau * math.sqrt(degrees.of_draws),
        level=level_at(fit, sample, np.zeros(len(fit.slopes)), stream=None),
        intercepts=fit.intercepts,
    )


def corrected(fit: Fit | Mixed, sample: Sample) -> Floats:
    """Return the covariance of (level, slopes) with one level for all draws, shape (p+1, p+1)."""
    if isinstance(fit, Mixed):
        return _corrected(fit, sample, mixed_degrees(fit))
    level = np.atleast_2d(fit.own_variance + fit.shared_variance)
    across = fit.shared_covariance[None]
    whole = np.block([[level, across], [across.T, fit.slopes_covariance]])
    return whole * (1 + (1 + len(fit.slopes)) / degrees_of_freedom(fit, sample))


@dataclass(frozen=True, slots=True)
class Degrees:
    """Degrees of freedom of a fit with a random intercept.

    Attributes:
        within, between: of the variances within and between draws.
        of_rows, of_draws: factors by which those are corrected.
        slopes: of each slope, shape (p,); inflation: factor by which its variance is corrected, shape (p,).
    """

    within: float
    between: float
    of_rows: float
    of_draws: float
    slopes: Floats
    inflation: Floats

    @property
    def missing(self) -> str | None:
        """What lacks a degree of freedom, in a sentence; None: nothing does."""
        if self.between < 1:
            return "there are too few draws for a scatter between them beside what differs between draws only"
        if self.within <= 0:
            return "the draws have too few rows beyond their first for a scatter within draws"
        return (
            None if (self.slopes >= 1).all() else "the rows beyond the first of each draw tell an exponent too little"
        )


def mixed_degrees(fit: Mixed) -> Degrees:
    """Count degrees of freedom.

    The information on a slope is the sum of that within and that between draws, each known up to a variance with
    degrees of freedom of its own (F. Satterthwaite, Biometrics Bull. 2, 1946).
    """
    p, covariance = len(fit.slopes), fit.covariance[1:, 1:]
    known = covariance @ fit.within
    share = np.clip(np.diag(known @ covariance) / np.diag(covariance), 0, 1)
    inside = float(np.clip(np.trace(known), 0, p))
    within = float(np.maximum(fit.weights - 1, 0).sum()) - inside
    between = float(len(fit.offsets) - 1 - (p - inside))
    few = 1e-9  # none at all: `missing` says so
    of_rows, of_draws = 1 + inside / max(within, few), len(fit.offsets) / max(between, few)
    return Degrees(
        within=within,
        between=between,
        of_rows=of_rows,
        of_draws=of_draws,
        slopes=1 / (share**2 / max(within, few) + (1 - share) ** 2 / max(between, few)),
        inflation=1 / (share / of_rows + (1 - share) / of_draws),
    )


def _corrected(fit: Mixed, sample: Sample, degrees: Degrees) -> Floats:
    """Return the covariance of (level, slopes), shape (p+1, p+1)."""
    scale = np.sqrt(np.append(degrees.of_draws, degrees.inflation))
    # about the middle of the rows, where level and slopes hardly vary together: elsewhere the level is mostly slopes,
    # and the units of x would decide by how much it is corrected
    there = np.eye(len(scale))
    there[0, 1:] = sample.x.mean(axis=0)
    back = np.linalg.inv(there)
    return back @ ((there @ fit.covariance @ there.T) * np.outer(scale, scale)) @ back.T


def level_at(fit: Fit | Mixed, sample: Sample, x: Floats, *, stream: NDArray[np.intp] | None) -> Estimate:
    """Return the mean over draws of log t at given predictors: the band about a fitted line.

    Args:
        fit: with at least one residual degree of freedom.
        sample: the rows that it is of.
        x: logarithms of the predictors there, shape (p,); zeros: the level itself.
        stream: see `infer`.
    """
    if isinstance(fit, Mixed):
        place = np.append(1.0, x)
        degrees = mixed_degrees(fit)
        variance = float(place @ _corrected(fit, sample, degrees) @ place)
        return Estimate(float(fit.level + x @ fit.slopes), math.sqrt(max(0.0, variance)), degrees.between)
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
