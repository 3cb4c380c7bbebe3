"""The rows of a likelihood: log t of each as an interval, its predictors and its draw."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.likelihood.noise import NORMAL, Floats, Noise

_NO_SCATTER = 1e-13
"""Scatter of log t relative to its size that is rounding of the logarithm and nothing else."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of the likelihood.

    Attributes:
        lower, upper: ends of log t, shape (rows,); equal where t was seen to the step, -inf or inf where open.
        x: predictors, shape (rows, p).
        draw: the draw of each row, 0 <= draw < draws, shape (rows,). Pooled: all 0.
        draws: number of draws.
        noise: of log t.
        stretch: scatter of each row in units of sigma, shape (rows,); None: 1 everywhere.
    """

    lower: Floats
    upper: Floats
    x: Floats
    draw: NDArray[np.intp]
    draws: int
    noise: Noise = NORMAL
    stretch: Floats | None = None

    @property
    def stretches(self) -> Floats:
        """The stretch of each row, shape (rows,)."""
        return np.ones(len(self.lower)) if self.stretch is None else self.stretch

    @property
    def crossed(self) -> NDArray[np.bool_]:
        """Rows bounded on both sides."""
        return np.isfinite(self.lower) & np.isfinite(self.upper)

    @property
    def exact(self) -> NDArray[np.bool_]:
        """Rows whose time was seen to the step."""
        return self.lower == self.upper

    @property
    def rounding(self) -> float:
        """The scatter of log t that is rounding of the logarithm and nothing else."""
        return _NO_SCATTER * max(1.0, float(np.abs(self.lower[self.crossed]).max()))

    def sums(self, values: Floats) -> Floats:
        """Sum values of shape (rows,) over each draw, shape (draws,)."""
        return np.bincount(self.draw, values, self.draws).astype(float)


def only(sample: Sample, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Sample:
    """Return some of the rows; the draws stay as they are."""
    return replace(
        sample,
        lower=sample.lower[chosen],
        upper=sample.upper[chosen],
        x=sample.x[chosen],
        draw=sample.draw[chosen],
        stretch=None if sample.stretch is None else sample.stretch[chosen],
    )
