"""The highest point of a likelihood in one number that the law is not linear in: a grid, then each of its peaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from studies.laws.newton import NoMaximum
from studies.laws.noise import Floats

_XTOL = 1e-4
_SAME = 1e-6
_EDGE = 1e-3
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

    def height(number: float) -> float:
        try:
            return likelihood(number)
        except (NoMaximum, np.linalg.LinAlgError):
            return -np.inf

    heights = np.array([rough(float(v)) for v in values]) if rough is not None else np.zeros(1)
    if np.ptp(heights) < _SAME:
        heights = np.array([height(float(v)) for v in values])
    if not np.isfinite(heights).any():
        raise NoMaximum
    tops = [_climbed(height, values, int(i)) for i in np.flatnonzero(_peaks(heights))]
    value, at = max(tops)
    if value == -np.inf:
        raise NoMaximum
    return Top(value, at, len({round(top / _SAME) for top, _ in tops if top > -np.inf}), len(values))


def _peaks(heights: Floats) -> NDArray[np.bool_]:
    left, right = np.append(-np.inf, heights[:-1]), np.append(heights[1:], -np.inf)
    return (heights >= left - _SAME) & (heights >= right - _SAME) & np.isfinite(heights)


def _climbed(height: Callable[[float], float], values: Floats, start: int) -> tuple[float, float]:
    """Return the peak about a start and where it is: between its neighbours, or further out where it lies at an end."""
    first, last = max(start - 1, 0), min(start + 1, len(values) - 1)
    while True:
        low, high = values[first], values[last]
        found: Any = scipy.optimize.minimize_scalar(
            lambda v: min(-height(float(v)), NOWHERE),
            bounds=(low, high),
            method="bounded",
            options={"xatol": _XTOL * (high - low)},
        )
        margin = _EDGE * (high - low)
        if found.x - low < margin and first > 0:
            first -= 1
        elif high - found.x < margin and last < len(values) - 1:
            last += 1
        else:
            return -float(found.fun), float(found.x)
