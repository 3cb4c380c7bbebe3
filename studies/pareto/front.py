"""The Pareto front of two quantities to be minimised: the points that no other dominates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.likelihood.noise import Floats


def on_front(x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Return which points no other dominates, in O(n log n).

    A point dominates another that is no smaller in either and larger in one; equal points do not dominate each other.

    Args:
        x: shape (n,), without nan.
        y: likewise.
    """
    order = np.lexsort((y, x))
    ahead, level = np.inf, np.inf
    front = np.zeros(len(x), dtype=bool)
    position = np.nan
    for i in order:
        if x[i] != position:  # `ahead`: the least y at smaller x; `level`: the least y at this x, which comes first
            ahead, level, position = min(ahead, level), y[i], x[i]
        front[i] = y[i] < ahead and y[i] == level
    return front
