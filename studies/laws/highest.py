"""The highest point of a likelihood in one number that the law is not linear in: a grid, then each of its peaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize

from studies.laws.newton import NoMaximum
from studies.laws.noise import Floats

_XTOL = 1e-6
_SAME = 1e-6
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


def highest(likelihood: Callable[[float], float], values: Floats) -> Top:
    """Return the highest point over the range of `values`.

    Args:
        likelihood: may raise NoMaximum: there is none at this number.
        values: where to begin, in order, shape (starts,).

    Raises:
        NoMaximum: there is none anywhere.
    """

    def height(number: float) -> float:
        try:
            return likelihood(number)
        except (NoMaximum, np.linalg.LinAlgError):
            return -np.inf

    heights = np.array([height(float(v)) for v in values])
    if not np.isfinite(heights).any():
        raise NoMaximum
    tops = []
    left, right = np.append(-np.inf, heights[:-1]), np.append(heights[1:], -np.inf)
    for i in np.flatnonzero((heights >= left - _SAME) & (heights >= right - _SAME) & np.isfinite(heights)):
        low, high = values[max(i - 1, 0)], values[min(i + 1, len(heights) - 1)]
        found: Any = scipy.optimize.minimize_scalar(
            lambda v: min(-height(float(v)), NOWHERE),
            bounds=(low, high),
            method="bounded",
            options={"xatol": _XTOL * (high - low)},
        )
        tops.append((-float(found.fun), float(found.x)))
    value, at = max(tops)
    return Top(value, at, sum(1 for top, _ in tops if top > -np.inf), len(heights))
