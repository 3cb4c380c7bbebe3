"""A geometric mean over draws with its 95 % interval, censored values taken as what they are.

Every stream counts once, since its trials share their random numbers: mostly it is one draw, whose trials share their
data. Without censoring the estimate is the mean of the streams' mean logs and the interval Student's. With it, the mean
is that of a log-normal likelihood in which each trial weighs one over the rows of its stream, and the interval comes
from the sandwich by stream with the same factor G/(G-1) and t(G-1): without censoring both are the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from grokscale.studies.laws.exponentials import OUTSIDE, exponential
from grokscale.studies.laws.likelihood.censored import rows
from grokscale.studies.laws.likelihood.newton import AT_MAXIMUM, climb
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample

_MOST_THETA = 1e6
"""In units of the rough scatter: beyond it the likelihood grows without end."""
_STARTS = 30
_FEWEST_SEEN = 2
"""Uncensored rows below which nothing is known of the scatter that a censored row is weighed by."""


class NoMean(Exception):
    """There is no estimate; the message is the reason shown beside the null."""


@dataclass(frozen=True, slots=True)
class Logs:
    """Logarithms of a ratio, arrays of shape (rows,).

    Attributes:
        lower, upper: ends; equal where it is known, infinite where it is open.
        stream: the stream of each row.
    """

    lower: Floats
    upper: Floats
    stream: NDArray[np.intp]

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Rows whose value is known."""
        return self.lower == self.upper


@dataclass(frozen=True, slots=True)
class Mean:
    """The estimate.

    Attributes:
        log: log of the geometric mean.
        se: its standard error, None with one stream.
        streams: how many there are; the interval has streams - 1 degrees of freedom.
        spread: standard deviation of the log: of the streams' means, or of all values where some are censored; None
            with one stream.
        method: `draw means` or `censored log-normal likelihood`.
        gradient_norm, iterations: of the search; 0 for a closed form.
    """

    log: float
    se: float | None
    streams: int
    spread: float | None
    method: str
    gradient_norm: float
    iterations: int

    def half(self) -> float | None:
        """Return half the width of the 95 % interval of the log."""
        return None if self.se is None else float(stdtrit(self.streams - 1, 0.975)) * self.se

    def ratio(self) -> dict[str, object]:
        """Return the ratio as the answer shows it."""
        half = self.half()
        value, *ends = (exponential(self.log + side * (half or 0.0)) for side in (0, -1, 1))
        if None in (value, *ends):
            return {"value": None, "ci95": None, "se_log": None, "reason": OUTSIDE}
        shown: dict[str, object] = {"value": value, "ci95": None, "se_log": self.se}
        return shown | ({"reason": "one stream of random numbers"} if half is None else {"ci95": ends})


def mean(logs: Logs) -> Mean:
    """Return the geometric mean over draws.

    Raises:
        NoMean: no rows, too few uncensored ones, or a likelihood without a maximum.
    """
    if not len(logs.stream):
        raise NoMean("no trial has both a measured value and a prediction")
    _, member = np.unique(logs.stream, return_inverse=True)
    member = member.reshape(-1)
    sizes = np.bincount(member)
    if logs.seen.all():
        return _closed(np.bincount(member, logs.lower) / sizes)
    seen = int(logs.seen.sum())
    if seen < _FEWEST_SEEN:
        raise NoMean(f"{seen} of {len(logs.stream)} measured values are uncensored: too few to weigh the others by")
    return _likely(logs, member, 1 / sizes[member])


def _closed(means: Floats) -> Mean:
    streams = len(means)
    spread = float(np.std(means, ddof=1)) if streams > 1 else None
    se = None if spread is None else spread / sqrt(streams)
    return Mean(float(means.mean()), se, streams, spread, "draw means", 0.0, 0)


def _likely(logs: Logs, member: NDArray[np.intp], weight: Floats) -> Mean:
    """Climb in (delta, theta) = (mean, 1) / sigma, in which the log-likelihood is concave (Olsen 1978)."""
    streams = int(member.max()) + 1
    seen = logs.lower[logs.seen]
    centre = float(np.median(seen))
    alike = np.ptp(seen) < 1e-12 * max(1.0, abs(centre))
    scale = _unit(logs, weight, centre, float(np.std(seen)))
    if scale < 1e-12 * max(1.0, abs(centre)):
        raise NoMean("the uncensored values do not differ: nothing is known of the scatter")
    lower, upper = (logs.lower - centre) / scale, (logs.upper - centre) / scale
    reached = climb(_Here.of(_Weighed(lower, upper, weight), np.array([0.0, 1.0])))
    distance, (delta, theta) = float(reached.distance), reached.here.point
    if distance > AT_MAXIMUM or theta > _MOST_THETA:
        if alike:
            raise NoMean("the uncensored values do not differ: nothing is known of the scatter")
        raise NoMean(f"the search for the maximum did not converge: {distance:.1e} standard errors away")
    by_stream = np.zeros((streams, 2))
    np.add.at(by_stream, member, weight[:, None] * reached.here.scores)
    bread = np.linalg.inv(reached.here.information)
    sandwich = bread @ (by_stream.T @ by_stream) @ bread
    jacobian = np.array([1 / theta, -delta / theta**2])
    se = (
        sqrt(max(0.0, float(jacobian @ sandwich @ jacobian)) * streams / (streams - 1)) * scale if streams > 1 else None
    )
    return Mean(
        log=centre + scale * float(delta / theta),
        se=se,
        streams=streams,
        spread=scale / float(theta) if streams > 1 else None,
        method="censored log-normal likelihood",
        gradient_norm=distance,
        iterations=reached.iterations,
    )


def _unit(logs: Logs, weight: Floats, centre: float, least: float) -> float:
    """Return the likeliest scatter about the centre, roughly: from afar the search takes steps without end.

    From the scatter of what is known exactly to that of all ends there can be many powers of ten.
    """
    ends = np.where(np.isfinite(logs.lower), logs.lower, logs.upper)
    most = float(np.abs(ends - centre).max())
    if not most or not least:
        return float(np.std(ends))
    scales = np.geomspace(least, max(least, most), _STARTS)
    lower, upper = (np.tile(ends - centre, _STARTS) for ends in (logs.lower, logs.upper))
    count, stretch = len(lower), np.repeat(scales, len(logs.lower))
    sample = Sample(lower, upper, np.empty((count, 0)), np.zeros(count, dtype=np.intp), 1, stretch=stretch)
    likelihoods = rows(sample, np.zeros(count), 1.0)[0].reshape(_STARTS, -1) @ weight
    return float(scales[int(np.nanargmax(likelihoods))])


@dataclass(frozen=True, slots=True)
class _Weighed:
    """Ends of the logarithms in units of the scatter, and the weight of each row."""

    lower: Floats
    upper: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class _Here:
    """The weighed log-likelihood in (delta, theta) as Newton's method sees it; `scores` has shape (rows, 2)."""

    logs: _Weighed
    point: Floats
    value: np.float64
    scores: Floats
    information: Floats

    @classmethod
    def of(cls, logs: _Weighed, point: Floats) -> _Here:
        (delta, theta), count, weight = point, len(logs.lower), logs.weight
        sample = Sample(logs.lower, logs.upper, np.empty((count, 0)), np.zeros(count, dtype=np.intp), 1)
        value, by_delta, by_theta, *seconds = rows(sample, np.full(count, delta), float(theta))
        delta_delta, delta_theta, theta_theta = (weight @ one for one in seconds)
        information = np.array([[delta_delta, delta_theta], [delta_theta, theta_theta]])
        return cls(logs, point, weight @ value, np.stack([by_delta, by_theta], axis=1), information)

    def newton(self) -> tuple[Floats, np.float64]:
        gradient = self.logs.weight @ self.scores
        step = np.linalg.solve(self.information + 1e-14 * np.trace(self.information) * np.eye(2), gradient)
        return step, np.sqrt(np.maximum(gradient @ step, 0.0))

    def longest(self, step: Floats) -> np.float64:
        # theta stays positive
        return np.float64(min(1.0, -0.9 * self.point[1] / step[1]) if step[1] < 0 else 1.0)

    def at(self, point: Floats) -> _Here:
        return _Here.of(self.logs, point)
