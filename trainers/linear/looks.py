"""Compiled: when and how the columns of a tile are looked at while `trainers.linear.loop` takes their steps.

A column is looked at only where a certificate says that its error might cross a level, and an error that is has only
its square held against the levels next to it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from grokscale.trainers.compiled import njit
from grokscale.trainers.levels import NO_STEP, Tracks, between, plan, see

HAIR = 1e-14
"""Share of a squared norm that rounding may take from a difference of two."""


class Bounds(NamedTuple):
    """An error's scale and a certified bound on its movement, shapes (columns,); see `trainers.task.Speed`.

    The error is a norm over `norm`. With u = ||X (a - a_hat)|| and v = ||a(t) - a(t-1)||, it moves in m further steps
    by at most start + start_per_misfit u + m (rate + rate_per_movement v). `unexplained`, ||X a_hat - y||^2, is what no
    a can remove.
    """

    norm: np.ndarray
    unexplained: np.ndarray
    start: np.ndarray
    start_per_misfit: np.ndarray
    rate: np.ndarray
    rate_per_movement: np.ndarray


class Sights(NamedTuple):
    """What the rows of a tile are held against, shapes (rows,).

    Attributes:
        squares: ||X a - y||^2, at the steps at which it was asked for.
        low, high: the train error crosses no level while `squares` lies between these.
        test_low, test_high: nor does the test error while ||a - a*||^2 lies between these.
        compares, nears: steps from which the train and the test error have to be compared with them.
        asks: the step at which one of the two is planned anew.
    """

    squares: np.ndarray
    low: np.ndarray
    high: np.ndarray
    test_low: np.ndarray
    test_high: np.ndarray
    compares: np.ndarray
    nears: np.ndarray
    asks: np.ndarray


Track = tuple[Tracks, Bounds, np.ndarray]
"""What an error is held against, and room for the iterates at which it came to the first level, shape (columns, n)."""


@njit
def begin(sights: Sights, column: np.ndarray, train: Track, test: Track) -> None:
    """Set what the rows are held against; nothing of a spare one, whose column is -1, is ever due."""
    for i in range(column.size):
        c = column[i]
        if c < 0:
            sights.low[i], sights.high[i] = -math.inf, math.inf
            sights.compares[i] = sights.nears[i] = sights.asks[i] = NO_STEP
            continue
        sights.low[i], sights.high[i] = between(train[0].levels, train[0].below, c, float(train[1].norm[c]))
        sights.test_low[i], sights.test_high[i] = between(test[0].levels, test[0].below, c, float(test[1].norm[c]))
        _note(sights, i, c, train[0], test[0])


@njit
def _note(sights: Sights, i: int, c: int, train: Tracks, test: Tracks) -> None:
    sights.compares[i], sights.nears[i] = train.due[c], test.due[c]
    sights.asks[i] = min(train.asks[c], test.asks[c])


@njit
def least(steps: np.ndarray) -> int:
    """Return the least of some steps."""
    out = steps[0]
    for i in range(1, steps.size):
        out = min(out, steps[i])
    return out


@njit
def keep_before(a: np.ndarray, before: np.ndarray, asks: np.ndarray, step: int) -> None:
    """Keep the rows whose movement is asked for after the step to `step`."""
    for i in range(asks.size):
        if asks[i] <= step:
            for j in range(a.shape[1]):
                before[i, j] = a[i, j]


@njit
def some_outside(squares: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    """Return whether some square does not lie between its bounds."""
    inside = 0  # counted, without a branch, so that the comparisons are vectorised; NaN is not inside
    for i in range(squares.size):
        inside += (low[i] < squares[i]) & (squares[i] < high[i])
    return inside < squares.size


@njit(fastmath={"reassoc", "contract", "nsz"})
def measure(a: np.ndarray, a_star: np.ndarray, nears: np.ndarray, step: int, squares: np.ndarray) -> None:
    """Set ||a - a*||^2 of the rows that have to be compared."""
    # no views of rows: numba counts references to each, which is as much work as the row
    for i in range(nears.size):
        if nears[i] <= step:
            square = 0.0
            for j in range(a_star.size):
                square += (a[i, j] - a_star[j]) ** 2
            squares[i] = square


@njit
def near_outside(squares: np.ndarray, low: np.ndarray, high: np.ndarray, nears: np.ndarray, step: int) -> bool:
    """Return whether the square of some row that is due does not lie between its bounds."""
    outside = 0
    for i in range(nears.size):
        outside += (nears[i] <= step) & (not low[i] < squares[i] < high[i])
    return outside > 0


@njit
def cross(
    step: int,
    due: np.ndarray,
    squares: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    column: np.ndarray,
    norm: np.ndarray,
    levels: np.ndarray,
    below: np.ndarray,
    first: np.ndarray,
    since: np.ndarray,
) -> bool:
    """Hold the errors of rows that are due and outside their bounds against the levels; return whether all are finite.

    Plain arrays: a tuple of them costs more to hand on than a row to look at.
    """
    finite = True
    for i in range(due.size):
        if due[i] <= step and not low[i] < squares[i] < high[i]:
            c = column[i]
            scale = float(norm[c])
            finite &= math.isfinite(squares[i])
            see(math.sqrt(squares[i]) / scale, step, c, levels, below, first, since)
            low[i], high[i] = between(levels, below, c, scale)
    return finite


@njit
def keep_reached(step: int, column: np.ndarray, a: np.ndarray, first: np.ndarray, reached: np.ndarray) -> None:
    """Keep the iterates of rows that have come to the first level at this step."""
    for i in range(column.size):
        c = column[i]
        if c >= 0 and first[0, c] == step:
            for j in range(a.shape[1]):
                reached[c, j] = a[i, j]


@njit
def plan_rows(
    sights: Sights,
    column: np.ndarray,
    a: np.ndarray,
    before: np.ndarray,
    test_squares: np.ndarray,
    train: Track,
    test: Track,
    step: int,
) -> None:
    """Plan the rows anew that ask for it; `before` are their iterates one step earlier."""
    for i in range(column.size):
        if sights.asks[i] > step:
            continue
        c, movement = column[i], 0.0
        if test[1].rate_per_movement[c] > 0:
            for j in range(a.shape[1]):
                movement += (a[i, j] - before[i, j]) ** 2
            movement = math.sqrt(movement)
        if train[0].asks[c] <= step:
            _plan(train, c, step, sights.squares[i], sights.squares[i], movement)
        if test[0].asks[c] <= step:
            _plan(test, c, step, test_squares[i], sights.squares[i], movement)
        _note(sights, i, c, train[0], test[0])


@njit
def _plan(track: Track, c: int, step: int, square: float, residual: float, movement: float) -> None:
    """Plan a column's next look: `square` is that of its norm, `residual` ||X a - y||^2."""
    tracks, bounds, _ = track
    start = bounds.start[c] + bounds.start_per_misfit[c] * _misfit(residual, bounds.unexplained[c])
    rate = bounds.rate[c] + bounds.rate_per_movement[c] * movement
    plan(tracks, c, step, math.sqrt(square) / bounds.norm[c], start, rate)


@njit
def _misfit(square: float, unexplained: float) -> float:
    """Return ||X (a - a_hat)|| for ||X a - y||^2: by Pythagoras, and a hair more, so that rounding cannot matter."""
    return math.sqrt(max(square - unexplained, 0.0) + HAIR * square)
