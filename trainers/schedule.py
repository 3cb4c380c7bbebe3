"""Which steps are looked at, whatever the trials do: the curve's grid and the cadence of the plateau rule."""

from __future__ import annotations

from bisect import bisect_right
from typing import overload

import numpy as np

DENSE = 1000
"""Steps logged one by one before the plateau rule's cadence begins (published code: every step below 1000)."""

PER_DECADE = 32
_RUNS_ON, _RUNS_ON_PART = 1000, 50
"""Steps after t2, and the part of t2: see `end_after`."""
_DECADES = 18
CURVE = np.unique([0, *(round(10 ** (k / PER_DECADE)) for k in range(_DECADES * PER_DECADE + 1))])
"""The curve's grid: 0, 1, 2, ... then 32 a decade, evenly in log(step), further than any run goes."""
_STEPS = CURVE.tolist()


def next_on_curve(step: int) -> int:
    """Return the first step of the curve's grid after `step`."""
    return _STEPS[curve_until(step)]


def curve_until(step: int) -> int:
    """Return how many steps of the curve's grid lie at or before `step`."""
    return bisect_right(_STEPS, step)


def next_in_log(step: int, every: int) -> int:
    """Return the first step after `step` that the plateau rule logs: each below 1000, then the multiples of `every`."""
    if step + 1 < DENSE:
        return step + 1
    return max(DENSE, (step // every + 1) * every) if every > 1 else step + 1


def next_judged(step: int, every: int) -> int:
    """Return the first step from `step` on at which a run is held against its end: the curve's, the log's if late."""
    on_curve = next_on_curve(step - 1) if step > 0 else 0
    return min(on_curve, next_in_log(max(step, DENSE) - 1, every))


@overload
def end_after(t2: int) -> int: ...
@overload
def end_after(t2: np.ndarray) -> np.ndarray: ...
def end_after(t2: int | np.ndarray) -> int | np.ndarray:
    """Return where a run ends that `after_t2` stops: 1000 steps after t2, or 2 % of it where that is more."""
    return t2 + np.maximum(_RUNS_ON, -(-t2 // _RUNS_ON_PART))


def latest_t2(end: np.ndarray) -> np.ndarray:
    """Return the latest t2 of runs that `after_t2` has stopped by a step, `end_after` turned round; below 0: none."""
    return np.minimum(end - _RUNS_ON, end * _RUNS_ON_PART // (_RUNS_ON_PART + 1))
