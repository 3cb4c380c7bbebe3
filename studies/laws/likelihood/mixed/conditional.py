"""The log-likelihood of each draw conditional on its intercept.

Under normal noise the log-likelihood of exact rows is quadratic in (level, slopes, theta), but for log theta: their
moments, one small matrix per draw, are summed once. The other rows are evaluated anew at every intercept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.likelihood.censored import rows
from grokscale.studies.laws.likelihood.noise import NORMAL, Floats
from grokscale.studies.laws.likelihood.sample import Sample, only


@dataclass(frozen=True, slots=True)
class Conditional:
    """Log-likelihoods of draws to second order in (level, slopes, theta).

    Attributes:
        value, weight: shape (draws,); the weight counts rows, each in units of its own scatter.
        score: shape (draws, p+2); information: minus the Hessian, shape (draws, p+2, p+2).
    """

    value: Floats
    score: Floats
    information: Floats
    weight: Floats

    def moved(self, by: Floats) -> Conditional:
        """Return it at levels higher by `by`, shape (draws,); exact where it is quadratic in them."""
        slope, bend = self.score[:, 0], self.information[:, 0, 0]
        value = self.value + by * slope - by**2 * bend / 2
        return Conditional(value, self.score - by[:, None] * self.information[:, 0], self.information, self.weight)

    def taken(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Conditional:
        """Return some of the draws, with repetition."""
        return Conditional(self.value[chosen], self.score[chosen], self.information[chosen], self.weight[chosen])

    @staticmethod
    def stacked(parts: Sequence[Conditional]) -> Conditional:
        """Return draws one after another."""
        return Conditional(
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.score for part in parts]),
            np.concatenate([part.information for part in parts]),
            np.concatenate([part.weight for part in parts]),
        )

    def __add__(self, other: Conditional) -> Conditional:
        return Conditional(
            self.value + other.value,
            self.score + other.score,
            self.information + other.information,
            self.weight + other.weight,
        )


def expand(sample: Sample, eta: Floats, theta: float) -> Conditional:
    """Return the sum over the rows of each draw at the linear predictor eta, shape (rows,)."""
    value, *parts = rows(sample, eta, theta)
    by_eta, by_theta, eta_eta, eta_theta, theta_theta = parts
    last = sample.x.shape[1] + 1
    columns = [np.ones(len(eta)), *sample.x.T]
    score = np.empty((sample.draws, last + 1))
    info = np.empty((sample.draws, last + 1, last + 1))
    for i, column in enumerate(columns):
        score[:, i] = sample.sums(by_eta * column)
        info[:, i, last] = info[:, last, i] = sample.sums(eta_theta * column)
        for j in range(i + 1):
            info[:, i, j] = info[:, j, i] = sample.sums(eta_eta * column * columns[j])
    score[:, last] = sample.sums(by_theta)
    info[:, last, last] = sample.sums(theta_theta)
    weight = info[:, 0, 0] if sample.stretch is None else sample.sums(eta_eta * sample.stretch**2)
    return Conditional(sample.sums(value), score, info, weight)


@dataclass(frozen=True, slots=True)
class Grouped:
    """Rows sorted by draw.

    Attributes:
        sample: the rows.
        sizes, starts: number of rows and first row of each draw, shape (draws,).
        units: the least stretch of each draw's rows, 1 where it has none, shape (draws,).
    """

    sample: Sample
    sizes: NDArray[np.intp]
    starts: NDArray[np.intp]
    units: Floats

    @classmethod
    def of(cls, sample: Sample) -> Grouped:
        """Sort the rows of a sample."""
        sizes = np.bincount(sample.draw, minlength=sample.draws)
        units = np.ones(sample.draws)
        if sample.stretch is not None:
            units[sizes > 0] = np.inf
            np.minimum.at(units, sample.draw, sample.stretch)
        return cls(only(sample, np.argsort(sample.draw, kind="stable")), sizes, np.cumsum(sizes) - sizes, units)

    def repeated(self, draw: NDArray[np.intp]) -> tuple[Sample, NDArray[np.intp]]:
        """Return the rows of some draws, with repetition, the draws numbered anew, and the positions of the rows."""
        sizes = self.sizes[draw]
        point = np.repeat(np.arange(len(draw)), sizes)
        row = np.arange(len(point)) + (self.starts[draw] - (np.cumsum(sizes) - sizes))[point]
        return replace(only(self.sample, row), draw=point, draws=len(draw)), row


@dataclass(frozen=True, slots=True)
class Parted:
    """Rows parted: the quadratic ones, whose log-likelihood is a parabola in the level, and the `rest`.

    Attributes:
        rest: the others, by draw.
        moments: of the quadratic rows, the sum over each draw of (1, x, log t)(1, x, log t)^T, each row in units of its
            own stretch, shape (draws, p+2, p+2).
        constant: their log-likelihood at theta = 1 with no residuals, shape (draws,).
        quadratic: their number, shape (draws,).
    """

    rest: Grouped
    moments: Floats
    constant: Floats
    quadratic: Floats

    @classmethod
    def of(cls, sample: Sample) -> Parted:
        """Part the rows of a sample."""
        quadratic = sample.exact if sample.noise is NORMAL else np.zeros(len(sample.lower), dtype=bool)
        kept = only(sample, quadratic)
        columns = [np.ones(len(kept.lower)), *kept.x.T, kept.lower]
        columns = [column / kept.stretches for column in columns]
        size = len(columns)
        moments = np.empty((sample.draws, size, size))
        for i, column in enumerate(columns):
            for j in range(i + 1):
                moments[:, i, j] = moments[:, j, i] = kept.sums(column * columns[j])
        count = np.bincount(kept.draw, minlength=sample.draws).astype(float)
        constant = -0.5 * math.log(2 * math.pi) * count - kept.sums(np.log(kept.stretches))
        return cls(Grouped.of(only(sample, ~quadratic)), moments, constant, count)

    def parabolas(self, level: float, slopes: Floats, theta: float) -> Conditional:
        """Return the log-likelihood of the quadratic rows."""
        place = np.array([-level, *-slopes, theta])
        residuals = self.moments @ place  # times (1, x, log t), summed
        score = residuals.copy()
        score[:, -1] = self.quadratic / theta - residuals[:, -1]
        information = self.moments.copy()
        information[:, -1, :-1] *= -1
        information[:, :-1, -1] *= -1
        information[:, -1, -1] += self.quadratic / theta**2
        value = self.constant + self.quadratic * math.log(theta) - residuals @ place / 2
        return Conditional(value, score, information, self.quadratic)
