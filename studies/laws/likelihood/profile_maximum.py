"""The maximum of a profile likelihood in one parameter: a grid, then a search about each of its peaks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.laws.likelihood.noise import Floats

_XTOL = 1e-4
_SAME = 1e-6
_EDGE = 1e-3
_REACH = 4.0
"""Standard errors, by the rough function, within which the peak is sought first."""
_WIDER = 7.0
"""Factor from each step beyond a bracket to the next."""
NOWHERE = 1e100
"""In place of infinity, of which scipy makes NaN."""


class ProfileMaximum(NamedTuple):
    """The greatest of its local maxima.

    Attributes:
        value: log-likelihood; at: the parameter there.
        optima, starts: distinct local maxima, and how many places the search began at.
    """

    value: float
    at: float
    optima: int
    starts: int


def profile_maximum(
    likelihood: Callable[[float], float], values: Floats, rough: Callable[[float], float] | None = None
) -> ProfileMaximum:
    """Maximise a likelihood over the range of `values`.

    Args:
        likelihood: of the parameter, the others refitted; it may raise NoMaximum.
        values: where to begin, ascending, shape (starts,).
        rough: a cheap function whose peaks lie near those of the likelihood, which is evaluated in its place where that
            is flat; None: there is none.

    Raises:
        NoMaximum: there is none anywhere.
    """
    refusal = NoMaximum()

    def height(number: float) -> float:
        nonlocal refusal
        try:
            return likelihood(number)
        except NoMaximum as here:
            refusal = here
        except np.linalg.LinAlgError:
            pass
        return -np.inf

    heights = np.array([rough(float(v)) for v in values]) if rough is not None else np.zeros(1)
    if np.ptp(heights) < _SAME:
        heights = np.array([height(float(v)) for v in values])
    if not np.isfinite(heights).any():
        raise refusal
    ends = float(values[0]), float(values[-1])
    brackets = _brackets(values, np.flatnonzero(_peaks(heights)))
    if rough is not None:
        brackets = [_narrowed(rough, bracket, ends) for bracket in brackets]
    tops: list[tuple[float, float]] = []
    for bracket in brackets:
        tops.append(_climbed(height, bracket, ends, tops))
    value, at = max(tops)
    if value == -np.inf:
        raise refusal
    return ProfileMaximum(value, at, len({round(top / _SAME) for top, _ in tops if top > -np.inf}), len(values))


def _peaks(heights: Floats) -> NDArray[np.bool_]:
    left, right = np.append(-np.inf, heights[:-1]), np.append(heights[1:], -np.inf)
    return (heights >= left - _SAME) & (heights >= right - _SAME) & np.isfinite(heights)


def _brackets(values: Floats, peaks: NDArray[np.intp]) -> list[tuple[float, float]]:
    """Return the neighbours of each peak; peaks side by side are one, a flat top."""
    tops = np.split(peaks, np.flatnonzero(np.diff(peaks) > 1) + 1)
    return [(float(values[max(top[0] - 1, 0)]), float(values[min(top[-1] + 1, len(values) - 1)])) for top in tops]


def _narrowed(
    rough: Callable[[float], float], bracket: tuple[float, float], ends: tuple[float, float]
) -> tuple[float, float]:
    """Return a bracket of some standard errors about the rough peak, or the same one where that is not curved."""
    _, at = _climbed(rough, bracket, ends)
    step = _EDGE * (bracket[1] - bracket[0])
    bend = (2 * rough(at) - rough(at - step) - rough(at + step)) / step**2
    if not bend > 0:
        return bracket
    reach = _REACH / math.sqrt(bend)
    return max(ends[0], at - reach), min(ends[1], at + reach)


def _climbed(
    height: Callable[[float], float],
    bracket: tuple[float, float],
    ends: tuple[float, float],
    tops: Sequence[tuple[float, float]] = (),
) -> tuple[float, float]:
    """Return the peak in a bracket and where it is; a rise that goes on at its end is followed beyond.

    Where it leads to a peak that is known, one of the `tops`, that is returned.
    """
    low, high = bracket
    while True:
        found: Any = scipy.optimize.minimize_scalar(
            lambda v: min(-height(float(v)), NOWHERE),
            bounds=(low, high),
            method="bounded",
            options={"xatol": _XTOL * (high - low)},
        )
        top, margin = (-float(found.fun), float(found.x)), _EDGE * (high - low)
        if top[1] - low < margin and low > ends[0]:
            low, high = sorted(_beyond(height, top, low - high, ends[0]))
        elif high - top[1] < margin and high < ends[1]:
            low, high = sorted(_beyond(height, top, high - low, ends[1]))
        else:
            return top
        if (known := next((one for one in tops if low < one[1] < high and one[0] >= top[0]), None)) is not None:
            return known


def _beyond(
    height: Callable[[float], float], top: tuple[float, float], width: float, end: float
) -> tuple[float, float]:
    """Follow a rise in growing steps, of the sign of `width`; return a bracket of where it ends."""
    (here, at), before = top, top[1]
    while True:
        width *= _WIDER
        there = max(end, at + width) if width < 0 else min(end, at + width)
        value = height(there)
        if value <= here or there == end:
            return before, there
        before, at, here = at, there, value
