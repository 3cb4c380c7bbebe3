"""Rows centred about the middle of their draw, in units of the scatter within draws.

Where the scatter within draws is a billionth of that between them, sums of squares about any common origin lose all
their digits. So the middle of its draw is subtracted from every row, censored or not, before sigma divides it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from grokscale.studies.laws.likelihood.design import means
from grokscale.studies.laws.likelihood.mixed.compensated import residuals
from grokscale.studies.laws.likelihood.mixed.conditional import Parted
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample, only


@dataclass(frozen=True, slots=True)
class Units:
    """A line as the origin of log t and the scatter about it as the unit, so that every number is near 1.

    Attributes:
        origin: log t of the line where every predictor is at its mean.
        x_mean, x_scale: of the predictors, shape (p,).
        slopes: of the line, by the predictors themselves, shape (p,).
        scatter: about the line, within draws.
    """

    origin: float
    x_mean: Floats
    x_scale: Floats
    slopes: Floats
    scatter: float


@dataclass(frozen=True, slots=True)
class Centred:
    """Rows centred about the middles of their draws.

    Attributes:
        rows: log t less the line through the draw's middle, in units of the scatter; x less that of the middle.
        parted: the same, parted by what an intercept does to them.
        levels: height of the middles above the line of the units, shape (draws,).
        x: predictors at the middles, shape (draws, p).
    """

    rows: Sample
    parted: Parted
    levels: Floats
    x: Floats

    @classmethod
    def of(cls, sample: Sample, units: Units) -> Centred:
        """Centre the rows of a sample."""
        x, y = _middles(sample, units.slopes)
        middle = x[sample.draw]
        from_below = np.isfinite(sample.lower)
        end = residuals(
            np.where(from_below, sample.lower, sample.upper), sample.x, y[sample.draw], middle, units.slopes
        )
        end = end / units.scatter
        with np.errstate(invalid="ignore"):
            width = np.where(sample.crossed, (sample.upper - sample.lower) / units.scatter, np.inf)
        rows = replace(
            sample,
            lower=np.where(from_below, end, -np.inf),
            upper=np.where(from_below, end + width, end),
            x=(sample.x - middle) / units.x_scale,
        )
        levels = (y - units.origin - (x - units.x_mean) @ units.slopes) / units.scatter
        return cls(rows, Parted.of(rows), levels, (x - units.x_mean) / units.x_scale)


def _middles(sample: Sample, slopes: Floats) -> tuple[Floats, Floats]:
    """Return x and log t of each draw's middle, shapes (draws, p) and (draws,).

    It is the mean of its rows seen to the step. Of a draw without one it lies half-way between the greatest lower and
    the least upper end about the line, or at the one of them that there is.
    """
    seen = only(sample, sample.exact)
    has = np.bincount(seen.draw, minlength=sample.draws) > 0
    x = np.where(has[:, None], means(seen.x, seen.draw, seen.draws), means(sample.x, sample.draw, sample.draws))
    y = means(seen.lower[:, None], seen.draw, seen.draws)[:, 0]
    if has.all():
        return x, y
    line = (sample.x - x[sample.draw]) @ slopes
    lower, upper = np.full(sample.draws, -np.inf), np.full(sample.draws, np.inf)
    np.maximum.at(lower, sample.draw, sample.lower - line)
    np.minimum.at(upper, sample.draw, sample.upper - line)
    ends = np.stack([np.where(np.isfinite(lower), lower, upper), np.where(np.isfinite(upper), upper, lower)])
    return x, np.where(has, y, ends.mean(axis=0))
