"""Each draw's log-likelihood given its intercept, and the rows parted by what an intercept does to it.

Under normal noise the log-likelihood of rows seen to the step is a parabola in (level, slopes, theta), but for the
logarithm of theta: all that it takes of them is one small matrix a draw, summed up once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from studies.laws.likelihood import Sample, rows
from studies.laws.noise import NORMAL, Floats


@dataclass(frozen=True, slots=True)
class Given:
    """Log-likelihoods of draws to second order in (level, slopes, theta).

    Attributes:
        value, weight: shape (draws,); the weight counts rows, each in units of its own scatter.
        score: shape (draws, p+2); information: minus the Hessian, shape (draws, p+2, p+2).
    """

    value: Floats
    score: Floats
    information: Floats
    weight: Floats

    def moved(self, by: Floats) -> Given:
        """Return it at levels that lie `by` higher, shape (draws,): exact where it is a parabola in them."""
        slope, bend = self.score[:, 0], self.information[:, 0, 0]
        value = self.value + by * slope - by**2 * bend / 2
        return Given(value, self.score - by[:, None] * self.information[:, 0], self.information, self.weight)

    def repeated(self, copies: int) -> Given:
        """Return it for several copies of the draws, one after another."""
        return Given(
            np.tile(self.value, copies),
            np.tile(self.score, (copies, 1)),
            np.tile(self.information, (copies, 1, 1)),
            np.tile(self.weight, copies),
        )

    def __add__(self, other: Given) -> Given:
        return Given(
            self.value + other.value,
            self.score + other.score,
            self.information + other.information,
            self.weight + other.weight,
        )


def expand(sample: Sample, eta: Floats, theta: float) -> Given:
    """Sum the rows of each draw, at where each expects theta * log t: eta, shape (rows,)."""
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
    return Given(sample.sums(value), score, info, weight)


@dataclass(frozen=True, slots=True)
class Parted:
    """Rows parted: the `straight` ones, whose log-likelihood is a parabola in the level, and the `rest`.

    Attributes:
        rows: how many there are in all.
        rest: the others.
        moments: of the straight rows, sum over each draw of (1, x, log t)(1, x, log t)^T, each row in units of its
            own stretch, shape (draws, p+2, p+2).
        constant: what their log-likelihood is at theta = 1 on the curve, shape (draws,).
        straight: how many they are, shape (draws,).
    """

    rows: int
    rest: Sample
    moments: Floats
    constant: Floats
    straight: Floats

    @classmethod
    def of(cls, sample: Sample) -> Parted:
        """Part the rows of a sample."""
        straight = sample.exact if sample.noise is NORMAL else np.zeros(len(sample.lower), dtype=bool)
        kept = only(sample, straight)
        columns = [np.ones(len(kept.lower)), *kept.x.T, kept.lower]
        columns = [column / kept.stretches for column in columns]
        size = len(columns)
        moments = np.empty((sample.draws, size, size))
        for i, column in enumerate(columns):
            for j in range(i + 1):
                moments[:, i, j] = moments[:, j, i] = kept.sums(column * columns[j])
        count = np.bincount(kept.draw, minlength=sample.draws).astype(float)
        constant = -0.5 * math.log(2 * math.pi) * count - kept.sums(np.log(kept.stretches))
        return cls(len(sample.lower), only(sample, ~straight), moments, constant, count)

    def parabolas(self, level: float, slopes: Floats, theta: float) -> Given:
        """Return the log-likelihood of the straight rows."""
        place = np.array([-level, *-slopes, theta])
        residuals = self.moments @ place  # times (1, x, log t), summed
        score = residuals.copy()
        score[:, -1] = self.straight / theta - residuals[:, -1]
        information = self.moments.copy()
        information[:, -1, :-1] *= -1
        information[:, :-1, -1] *= -1
        information[:, -1, -1] += self.straight / theta**2
        value = self.constant + self.straight * math.log(theta) - residuals @ place / 2
        return Given(value, score, information, self.straight)


def only(sample: Sample, chosen: NDArray[np.bool_]) -> Sample:
    """Return some of the rows; the draws stay as they are."""
    return replace(
        sample,
        lower=sample.lower[chosen],
        upper=sample.upper[chosen],
        x=sample.x[chosen],
        draw=sample.draw[chosen],
        stretch=None if sample.stretch is None else sample.stretch[chosen],
    )


def repeated(sample: Sample, copies: int) -> Sample:
    """Return the rows several times over, the draws of each copy numbered on from those of the one before."""
    if copies == 1:
        return sample
    draw = (np.arange(copies)[:, None] * sample.draws + sample.draw).reshape(-1)
    return replace(
        sample,
        lower=np.tile(sample.lower, copies),
        upper=np.tile(sample.upper, copies),
        x=np.tile(sample.x, (copies, 1)),
        draw=draw,
        draws=copies * sample.draws,
        stretch=None if sample.stretch is None else np.tile(sample.stretch, copies),
    )
