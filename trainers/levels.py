"""Compiled: one error of one column against the levels of a `trainers.passage.Passage`."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from grokscale.trainers.compiled import kernel, njit

ROUNDING = 1e-12
"""Slack of a certificate, relative to the error: a bound that holds in exact arithmetic may fail by rounding."""
BLIND = 64
"""Steps after which a bound is asked again that allowed no step to be left out: it costs as much as a look."""
NO_STEP = 2**62
"""A step that no run comes to."""
_LONGEST = 2.0**53


class Tracks(NamedTuple):
    """The arrays of a passage, updated in place by compiled loops.

    Attributes:
        levels: shape (levels,). first, since, below: shape (levels, columns).
        due, asks: shape (columns,), see `plan`.
        worth: see `Passage`.
    """

    levels: np.ndarray
    first: np.ndarray
    since: np.ndarray
    below: np.ndarray
    due: np.ndarray
    asks: np.ndarray
    worth: int


@njit
def see(
    error: float, step: int, column: int, levels: np.ndarray, below: np.ndarray, first: np.ndarray, since: np.ndarray
) -> float:
    """Hold a column's error against the levels, see `Tracks`; return its distance from the nearest.

    Plain arrays: a tuple of them costs more to hand on than to look.
    """
    gap = np.inf
    for i in range(levels.size):
        is_below = error <= levels[i]
        if is_below and not below[i, column]:
            if first[i, column] < 0:
                first[i, column] = step
            since[i, column] = step
        elif below[i, column] and not is_below:
            since[i, column] = -1
        below[i, column] = is_below
        gap = min(gap, abs(error - levels[i]))
    return gap


@njit
def plan(tracks: Tracks, column: int, step: int, error: float, start: float, rate: float) -> None:
    """Set when a column's error, which in m steps moves by at most start + m rate, is looked at again.

    It is due at the next step at which it might cross a level, and at every step from then on until `asks`, the first
    at which it is planned anew.
    """
    gap = np.inf
    for i in range(tracks.levels.size):
        gap = min(gap, abs(error - tracks.levels[i]))
    room = gap - ROUNDING * (1 + error) - start
    skip = 0
    if room > 0 and room >= _LONGEST * rate:
        skip = int(_LONGEST)
    elif room > 0 and rate > 0:  # neither holds of NaN
        skip = int(room / rate)
    dense = skip < tracks.worth
    tracks.due[column] = step + 1 + (0 if dense else skip)
    tracks.asks[column] = step + 1 + (BLIND * tracks.worth if dense else skip)


@kernel
def plan_all(tracks: Tracks, step: int, errors: np.ndarray, start: np.ndarray, rate: np.ndarray) -> None:
    """Plan every column that may be planned anew, by arrays of shape (columns,)."""
    for column in range(errors.size):
        if tracks.asks[column] <= step:
            plan(tracks, column, step, errors[column], start[column], rate[column])


@njit
def between(levels: np.ndarray, below: np.ndarray, column: int, norm: float) -> tuple[float, float]:
    """Return the squares (low, high) between which the squared norm of an error surely crosses no level.

    The error is the norm over `norm`; the interval is a little narrower than that, so that rounding cannot matter.
    """
    low, high = -1.0, math.inf
    for i in range(levels.size):
        square = (levels[i] * norm) ** 2
        if below[i, column]:
            high = min(high, square * (1 - 1e-13))
        else:
            low = max(low, square * (1 + 1e-13))
    return low, high
