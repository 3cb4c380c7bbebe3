"""A maximum-likelihood fit of one law, in the predictors' own units."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from grokscale.studies.laws.likelihood.design import means
from grokscale.studies.laws.likelihood.fixed.expansion import Point
from grokscale.studies.laws.likelihood.fixed.search import Maximum, closed_form, maximise
from grokscale.studies.laws.likelihood.maximum import FLAT, Evidence, inverse, r2
from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.laws.likelihood.noise import NORMAL, Floats
from grokscale.studies.laws.likelihood.sample import Sample


@dataclass(frozen=True, slots=True)
class Fit:
    """log t = intercept of the draw + x . slopes + sigma * stretch * e, all by maximum likelihood.

    Covariances are those of the observed information, uncorrected; `inference` corrects the degrees of freedom.

    Attributes:
        slopes, slopes_covariance: shapes (p,) and (p, p).
        intercepts: shape (draws,).
        own_variance: variance of the mean intercept due to each draw's own rows.
        shared_variance: its variance due to slopes and sigma, which all draws share.
        shared_covariance: its covariance with the slopes, shape (p,).
        sigma: standard deviation of log t within draws.
        r2: share of the variation of log t within draws that x explains, over exact rows; None where there is none.
        no_scatter: sigma is rounding of the logarithm.
        value: log-likelihood of log t.
        maximum: the parameters in the search's units, with the evidence of convergence.
    """

    slopes: Floats
    slopes_covariance: Floats
    intercepts: Floats
    own_variance: float
    shared_variance: float
    shared_covariance: Floats
    sigma: float
    r2: float | None
    no_scatter: bool
    value: float
    maximum: Maximum

    @property
    def evidence(self) -> Evidence:
        """What shows that this is the maximum."""
        return self.maximum.evidence


@dataclass(frozen=True, slots=True)
class Units:
    """The least-squares line as the origin of log t and the scatter about it as the unit, so that numbers are near 1.

    Without the line as origin, theta and the slopes of a law with little scatter would be collinear to rounding, and
    its standard errors noise.

    Attributes:
        y_mean, x_mean: means by draw, shapes (draws,) and (draws, p).
        x_scale: standard deviation of x within draws, shape (p,).
        slopes: of the line, by scaled x, shape (p,).
        scatter: about the line.
    """

    y_mean: Floats
    x_mean: Floats
    x_scale: Floats
    slopes: Floats
    scatter: float

    def apply(self, sample: Sample) -> Sample:
        x = (sample.x - self.x_mean[sample.draw]) / self.x_scale
        line = self.y_mean[sample.draw] + x @ self.slopes
        return replace(
            sample, lower=(sample.lower - line) / self.scatter, upper=(sample.upper - line) / self.scatter, x=x
        )


def fit(sample: Sample) -> Fit:
    """Fit by maximum likelihood; in closed form where every row is exact.

    Args:
        sample: every draw has a row bounded on both sides, and x is of full rank within draws over such rows.

    Raises:
        NoMaximum: the likelihood has none.
    """
    units = least_squares(sample)
    scaled = units.apply(sample)
    start = Point(np.zeros(sample.draws), np.zeros(sample.x.shape[1]), 1.0)
    no_scatter = units.scatter <= sample.rounding
    closed = no_scatter or (sample.noise is NORMAL and sample.stretch is None and bool(sample.exact.all()))
    try:
        maximum = closed_form(scaled, start) if closed else maximise(scaled, start)
        return _in_own_units(maximum, units, sample)
    except NoMaximum:
        raise NoMaximum(sample) from None


def least_squares(sample: Sample) -> Units:
    """Return the least-squares line through the rows bounded on both sides, an interval taken at its middle."""
    crossed, draw = sample.crossed, sample.draw[sample.crossed]
    y = (sample.lower[crossed] + sample.upper[crossed]) / 2
    y_mean = means(y[:, None], draw, sample.draws)[:, 0]
    x_mean = means(sample.x[crossed], draw, sample.draws)
    x = sample.x[crossed] - x_mean[draw]
    size = np.sqrt((x**2).mean(axis=0))
    x_scale = np.where(size > 0, size, 1.0)
    slopes: Floats = np.zeros(x.shape[1])
    if x.size:
        slopes = np.linalg.lstsq(x / x_scale, y - y_mean[draw], rcond=None)[0].astype(float)
    residual = y - y_mean[draw] - x / x_scale @ slopes
    # a bracket's middle is off by its width over root 12
    scatter = np.sqrt((residual**2).mean() + ((sample.upper - sample.lower)[crossed] ** 2).mean() / 12)
    if scatter <= (least := sample.rounding):
        line = Units(y_mean, x_mean, x_scale, slopes, 1.0)
        scatter = max(least, _violation(line.apply(sample)))
    return Units(y_mean, x_mean, x_scale, slopes, float(scatter))


def _violation(residual: Sample) -> float:
    """Return the greatest distance by which the line contradicts a censored row."""
    return float(np.maximum(residual.lower, -residual.upper)[~residual.crossed].max(initial=0.0))


def _in_own_units(maximum: Maximum, units: Units, sample: Sample) -> Fit:
    point, expansion = maximum.point, maximum.expansion
    theta, sigma = point.theta, units.scatter / point.theta
    by_slope = sigma / units.x_scale  # d slope / d its scaled one
    slopes = units.slopes / units.x_scale + by_slope * point.slopes
    jacobian = np.column_stack([np.diag(by_slope), -by_slope * point.slopes / theta])
    rest = inverse(expansion.schur)
    if rest[-1, -1] > FLAT * theta**2:
        raise NoMaximum
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
        shared_covariance=jacobian @ rest @ shared,
        sigma=sigma,
        r2=r2(sample, intercepts, slopes, sigma),
        no_scatter=sigma <= 2 * sample.rounding,
        value=expansion.value - int(sample.exact.sum()) * math.log(units.scatter),
        maximum=maximum,
    )
