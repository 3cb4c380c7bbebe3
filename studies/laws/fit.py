"""A maximum-likelihood fit of one law, in the predictors' own units."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from studies.laws.design import means
from studies.laws.likelihood import Point, Sample
from studies.laws.newton import Maximum, evaluate, maximise
from studies.laws.noise import Floats

_NO_SCATTER = 1e-13
"""Scatter of log t relative to its size that is rounding of the logarithm and nothing else."""


@dataclass(frozen=True, slots=True)
class Fit:
    """log t = intercept of the draw + x . slopes + sigma * e, all by maximum likelihood.

    Covariances are those of the observed information, uncorrected; `inference` corrects the degrees of freedom.

    Attributes:
        slopes, slopes_covariance: shapes (p,) and (p, p).
        intercepts: shape (draws,).
        own_variance: variance of the intercepts' mean that comes from each draw's own rows.
        shared_variance: its variance that comes through slopes and sigma, common to all draws.
        sigma: standard deviation of log t within draws.
        r2: share of the variation of log t within draws that x explains, over exact rows; None where there is none.
        no_scatter: sigma is rounding of the logarithm.
        maximum: the evidence of convergence.
    """

    slopes: Floats
    slopes_covariance: Floats
    intercepts: Floats
    own_variance: float
    shared_variance: float
    sigma: float
    r2: float | None
    no_scatter: bool
    maximum: Maximum


@dataclass(frozen=True, slots=True)
class _Units:
    """Centres (by draw) and scales that make the problem round: y' = (y - y_mean) / y_scale, x' alike."""

    y_mean: Floats
    y_scale: float
    x_mean: Floats
    x_scale: Floats

    def apply(self, sample: Sample) -> Sample:
        centre = self.y_mean[sample.draw]
        return replace(
            sample,
            lower=(sample.lower - centre) / self.y_scale,
            upper=(sample.upper - centre) / self.y_scale,
            x=(sample.x - self.x_mean[sample.draw]) / self.x_scale,
        )


def fit(sample: Sample) -> Fit:
    """Fit by maximum likelihood; in closed form where every row is exact.

    Args:
        sample: every draw has a row bounded on both sides, and x is of full rank within draws over such rows.

    Raises:
        NoMaximum: the likelihood has none (all times are brackets that one curve passes).
    """
    units, slopes = _least_squares(sample)
    scaled = units.apply(sample)
    start = Point(np.zeros(sample.draws), slopes, 1.0)
    closed = bool(sample.exact.all()) or units.y_scale <= _rounding(sample)
    maximum = evaluate(scaled, start) if closed else maximise(scaled, start)
    return _in_own_units(maximum, units, sample)


def _least_squares(sample: Sample) -> tuple[_Units, Floats]:
    """Least squares over the rows bounded on both sides, brackets at their middle: units, and slopes in them."""
    crossed, draw = sample.crossed, sample.draw[sample.crossed]
    y = (sample.lower[crossed] + sample.upper[crossed]) / 2
    y_mean = means(y[:, None], draw, sample.draws)[:, 0]
    x_mean = means(sample.x[crossed], draw, sample.draws)
    centred = sample.x[crossed] - x_mean[draw]
    x_scale = np.sqrt((centred**2).mean(axis=0))
    slopes = np.linalg.lstsq(centred / x_scale, y - y_mean[draw], rcond=None)[0]
    residual = y - y_mean[draw] - centred / x_scale @ slopes
    # a bracket's middle is off by its width over root 12
    scatter = np.sqrt((residual**2).mean() + ((sample.upper - sample.lower)[crossed] ** 2).mean() / 12)
    units = _Units(y_mean, 1.0, x_mean, x_scale)
    if scatter <= (rounding := _rounding(sample)):
        scatter = max(rounding, _violation(units.apply(sample), Point(np.zeros(sample.draws), slopes, 1.0)))
    return replace(units, y_scale=float(scatter)), slopes / scatter


def _rounding(sample: Sample) -> float:
    return _NO_SCATTER * max(1.0, float(np.abs(sample.lower[sample.crossed]).max()))


def _violation(sample: Sample, point: Point) -> float:
    """How far the curve at theta = 1 lies on the wrong side of a censored row's end, at most; 0 where it does not."""
    curve = point.levels[sample.draw] + sample.x @ point.slopes
    open_rows = ~sample.crossed
    return float(np.maximum(sample.lower - curve, curve - sample.upper)[open_rows].max(initial=0.0))


def _in_own_units(maximum: Maximum, units: _Units, sample: Sample) -> Fit:
    point, expansion = maximum.point, maximum.expansion
    theta, sigma = point.theta, units.y_scale / point.theta
    by_slope = sigma / units.x_scale  # d slope / d its scaled one
    slopes = by_slope * point.slopes
    jacobian = np.column_stack([np.diag(by_slope), -slopes / theta])
    rest = np.linalg.inv(expansion.schur)
    levels = sigma * point.levels
    # the intercepts' mean follows its own levels, and the rest both directly and through them
    by_level = np.full(sample.draws, sigma / sample.draws)
    by_rest = -units.x_mean.mean(axis=0) @ jacobian
    by_rest[-1] -= levels.mean() / theta
    shared = by_rest - expansion.ratios.T @ by_level
    intercepts = units.y_mean + levels - units.x_mean @ slopes
    return Fit(
        slopes=slopes,
        slopes_covariance=jacobian @ rest @ jacobian.T,
        intercepts=intercepts,
        own_variance=float((by_level**2 / expansion.levels_levels).sum()),
        shared_variance=float(shared @ rest @ shared),
        sigma=sigma,
        r2=_r2(sample, intercepts, slopes),
        no_scatter=sigma <= 2 * _rounding(sample),
        maximum=maximum,
    )


def _r2(sample: Sample, intercepts: Floats, slopes: Floats) -> float | None:
    exact, draw = sample.exact, sample.draw[sample.exact]
    y = sample.lower[exact]
    if not y.size:
        return None
    total = ((y - means(y[:, None], draw, sample.draws)[draw, 0]) ** 2).sum()
    left = ((y - intercepts[draw] - sample.x[exact] @ slopes) ** 2).sum()
    return float(1 - left / total) if total > 0 else None
