"""A geometric mean over draws with its 95 % interval, censored values taken as what they are.

Every stream counts once, since its trials share their random numbers: mostly it is one draw, whose trials share their
data. Without censoring the estimate is the mean of the streams' mean logs and the interval Student's. With it, the mean
is that of a log-normal likelihood in which each trial weighs one over the rows of its stream, and the interval comes
from the sandwich by stream with the same factor G/(G-1) and t(G-1): without censoring both are the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from grokscale.studies.laws.exponentials import OUTSIDE, representable
from grokscale.studies.laws.likelihood.censored import rows
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample

_MOST_STEPS = 100
_CLOSE = 1e-10
_AT_MAXIMUM = 1e-6
_HALVINGS = 40
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
        ends = (self.log,) if half is None else (self.log - half, self.log + half)
        if not representable(*ends):
            return {"value": None, "ci95": None, "se_log": None, "reason": OUTSIDE}
        shown: dict[str, object] = {"value": exp(self.log), "ci95": None, "se_log": self.se}
        return shown | (
            {"reason": "one stream of random numbers"} if half is None else {"ci95": [exp(end) for end in ends]}
        )


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
    point = np.array([0.0, 1.0])
    value, scores, bend = _expand(lower, upper, point)
    distance, iteration = np.inf, 0
    for iteration in range(_MOST_STEPS):  # noqa: B007  the count is part of the answer
        gradient, information = weight @ scores, -np.einsum("k,kij->ij", weight, bend)
        step = np.linalg.solve(information + 1e-14 * np.trace(information) * np.eye(2), gradient)
        before, distance = distance, sqrt(max(0.0, float(gradient @ step)))
        # Newton's steps square the distance: one that no longer halves it is down to rounding
        if distance < _CLOSE or before / 2 < distance < _AT_MAXIMUM:
            break
        share, total = 1.0, float(weight @ value)
        for _ in range(_HALVINGS):
            further = point + share * step
            if further[1] > 0:
                found = _expand(lower, upper, further)
                if weight @ found[0] >= total:
                    break
            share /= 2
        else:
            break
        point, (value, scores, bend) = further, found
    if distance > _AT_MAXIMUM or point[1] > 1e6:
        if alike:
            raise NoMean("the uncensored values do not differ: nothing is known of the scatter")
        raise NoMean(f"the search for the maximum did not converge: {distance:.1e} standard errors away")
    delta, theta = point
    by_stream = np.zeros((streams, 2))
    np.add.at(by_stream, member, weight[:, None] * scores)
    bread = np.linalg.inv(-np.einsum("k,kij->ij", weight, bend))
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
        iterations=iteration,
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


def _expand(lower: Floats, upper: Floats, point: Floats) -> tuple[Floats, Floats, Floats]:
    """Return each row's log-likelihood with its gradient and Hessian in (delta, theta)."""
    delta, theta = point
    count = len(lower)
    sample = Sample(lower, upper, np.empty((count, 0)), np.zeros(count, dtype=np.intp), 1)
    value, by_delta, by_theta, delta_delta, delta_theta, theta_theta = rows(sample, np.full(count, delta), float(theta))
    hessian = -np.array([[delta_delta, delta_theta], [delta_theta, theta_theta]])
    return value, np.stack([by_delta, by_theta], axis=1), hessian.transpose(2, 0, 1)
