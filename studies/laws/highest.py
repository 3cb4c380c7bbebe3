"""The highest point of a likelihood in one number that the law is not linear in: a grid, then each of its peaks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from grokscale.studies.laws.no_maximum import NoMaximum
from grokscale.studies.laws.noise import Floats

_XTOL = 1e-4
_SAME = 1e-6
_EDGE = 1e-3
_REACH = 4.0
"""Standard errors, by what is rough, within which the peak is sought first."""
_WIDER = 7.0
"""Widths by which a bracket grows whose peak lies at its end."""
NOWHERE = 1e100
"""In place of infinity, of which scipy makes NaN."""


class Top(NamedTuple):
    """The highest point.

    Attributes:
        value: log-likelihood; at: the number.
        optima, starts: distinct local optima, and where the search was begun.
    """

    value: float
    at: float
    optima: int
    starts: int


def highest(likelihood: Callable[[float], float], values: Floats, rough: Callable[[float], float] | None = None) -> Top:
    """Return the highest point over the range of `values`.

    Args:
        likelihood: may raise NoMaximum: there is none at this number.
        values: where to begin, in order, shape (starts,).
        rough: something cheap that has about its peaks; None: there is none. The likelihood itself is asked where this
            is flat.

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
    brackets = [_between(values, int(i)) for i in np.flatnonzero(_peaks(heights))]
    if rough is not None:
        brackets = [_narrowed(rough, bracket, ends) for bracket in brackets]
    tops = [_climbed(height, bracket, ends) for bracket in brackets]
    value, at = max(tops)
    if value == -np.inf:
        raise refusal
    return Top(value, at, len({round(top / _SAME) for top, _ in tops if top > -np.inf}), len(values))


def _peaks(heights: Floats) -> NDArray[np.bool_]:
    left, right = np.append(-np.inf, heights[:-1]), np.append(heights[1:], -np.inf)
    return (heights >= left - _SAME) & (heights >= right - _SAME) & np.isfinite(heights)


def _between(values: Floats, i: int) -> tuple[float, float]:
    """Return the neighbours of a value."""
    return float(values[max(i - 1, 0)]), float(values[min(i + 1, len(values) - 1)])


def _narrowed(
    rough: Callable[[float], float], bracket: tuple[float, float], ends: tuple[float, float]
) -> tuple[float, float]:
    """Return a bracket of some standard errors about the rough peak; as it was where the peak is not one of a hill."""
    _, at = _climbed(rough, bracket, ends)
    step = _EDGE * (bracket[1] - bracket[0])
    bend = (2 * rough(at) - rough(at - step) - rough(at + step)) / step**2
    if not bend > 0:
        return bracket
    reach = _REACH / math.sqrt(bend)
    return max(ends[0], at - reach), min(ends[1], at + reach)


def _climbed(
    height: Callable[[float], float], bracket: tuple[float, float], ends: tuple[float, float]
) -> tuple[float, float]:
    """Return the peak in a bracket and where it is; the bracket is widened where it lies at an end of that."""
    low, high = bracket
    while True:
        found: Any = scipy.optimize.minimize_scalar(
            lambda v: min(-height(float(v)), NOWHERE),
            bounds=(low, high),
            method="bounded",
            options={"xatol": _XTOL * (high - low)},
        )
        margin, further = _EDGE * (high - low), _WIDER * (high - low)
        if found.x - low < margin and low > ends[0]:
            low = max(ends[0], low - further)
        elif high - found.x < margin and high < ends[1]:
            high = min(ends[1], high + further)
        else:
            return -float(found.fun), float(found.x)
