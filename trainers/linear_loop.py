"""The steps of `trainers.linear` as one compiled loop for a CPU, which sees every crossing on its way.

Python runs before and after many steps, not between them. The columns of a draw go in tiles that stay in the cache; a
tile takes all its steps before the next begins. Two matrix products a step are BLAS's, and all that is element by
element is one pass over each. A column is looked at only where a certificate says that its error might cross a level.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from torch import Tensor

from trainers.levels import Tracks, between, plan, see
from trainers.linear import Stack

SHRINK, SIGN, PROJECT = 0, 1, 2
RULES = {"proximal": SHRINK, "gd": SHRINK, "subgradient": SIGN, "projected": PROJECT}
"""How a rule treats the l1 term; plain descent, which has none, shrinks by 0."""
_TILE = 128
"""Columns of a tile: iterate, gradient and residual take 230 KB at n = 100, N = 30, and BLAS is at its best."""
HAIR = 1e-14
"""Share of a squared norm that rounding may take from a difference of two."""


class Data(NamedTuple):
    """What the columns of a draw share.

    Attributes:
        X: shape (D, N, n). pinv: shape (D, n, N), empty but for `PROJECT`.
        y: shape (D, N). a_star: shape (D, n).
    """

    X: np.ndarray
    pinv: np.ndarray
    y: np.ndarray
    a_star: np.ndarray

    @classmethod
    def of(cls, stack: Stack, a_star: Tensor) -> Data:
        """Return the data of a stack; `a_star` has shape (D, 1, n)."""
        X = stack.X.numpy()
        pinv = np.empty((X.shape[0], 0, 0)) if stack.pinv is None else stack.pinv.numpy()
        return cls(X, pinv, stack.y.numpy()[:, 0], a_star.numpy()[:, 0])


class Slots(NamedTuple):
    """The slots' own arrays, see `trainers.linear.Stack`; a, before and residual are updated in place.

    Attributes:
        a, before: shape (D, W, n). residual: shape (D, W, N).
        alpha, decay, shrinkage: alpha, 1 - alpha beta2 and alpha beta1, shape (D, W).
        column: position of the live column, -1 where the slot is spare, shape (D, W).
    """

    a: np.ndarray
    before: np.ndarray
    residual: np.ndarray
    alpha: np.ndarray
    decay: np.ndarray
    shrinkage: np.ndarray
    column: np.ndarray

    @classmethod
    def of(cls, stack: Stack, column: np.ndarray) -> Slots:
        """Return the arrays of a stack, in the memory of its tensors."""
        a, before, residual = stack.a.numpy(), stack.before.numpy(), stack.residual.numpy()
        steps = (values.numpy()[:, :, 0] for values in (stack.alpha, stack.decay, stack.shrinkage))
        return cls(a, before, residual, *steps, column)


class Bounds(NamedTuple):
    """An error's scale and a certified bound on its movement, shapes (columns,); see `trainers.tasks.base.Speed`.

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


class _Tile(NamedTuple):
    """Some columns of one draw: views of what `Data` and `Slots` say of them, and room for a step.

    Attributes:
        product: shape (rows, n). squares: squared norm of the residual where `asked`, shape (rows,).
        asked: whether a row is looked at after this step, shape (rows,).
    """

    X: np.ndarray
    pinv: np.ndarray
    y: np.ndarray
    a_star: np.ndarray
    a: np.ndarray
    before: np.ndarray
    residual: np.ndarray
    alpha: np.ndarray
    decay: np.ndarray
    shrinkage: np.ndarray
    column: np.ndarray
    product: np.ndarray
    squares: np.ndarray
    asked: np.ndarray


@njit(cache=True, fastmath={"contract"})
def _shrink_step(a: np.ndarray, gradient: np.ndarray, alpha: float, decay: float, shrinkage: float) -> None:
    for j in range(a.size):
        z = decay * a[j] - alpha * gradient[j]
        # z - clamp(z): NaN stays NaN, and zeros are exact
        a[j] = z - (shrinkage if z > shrinkage else (-shrinkage if z < -shrinkage else z))


@njit(cache=True, fastmath={"contract"})
def _sign_step(a: np.ndarray, gradient: np.ndarray, alpha: float, decay: float, shrinkage: float) -> None:
    for j in range(a.size):
        pull = shrinkage if a[j] > 0 else (-shrinkage if a[j] < 0 else 0.0)
        a[j] = decay * a[j] - alpha * gradient[j] - pull


@njit(cache=True)
def _subtract(x: np.ndarray, y: np.ndarray) -> None:
    for j in range(x.size):
        x[j] -= y[j]


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"})
def _subtract_and_square(x: np.ndarray, y: np.ndarray) -> float:
    """Subtract y from x; return the squared norm of what is left."""
    square = 0.0
    for j in range(x.size):
        left = x[j] - y[j]
        x[j] = left
        square += left * left
    return square


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"})
def _squared_distance(x: np.ndarray, y: np.ndarray) -> float:
    square = 0.0
    for j in range(x.size):
        square += (x[j] - y[j]) ** 2
    return square


@njit(cache=True)
def _misfit(square: float, unexplained: float) -> float:
    """Return ||X (a - a_hat)|| for ||X a - y||^2: by Pythagoras, and a hair more, so that rounding cannot matter."""
    return math.sqrt(max(square - unexplained, 0.0) + HAIR * square)


@njit(cache=True)
def _nearest(tile: _Tile, tracks: Tracks) -> int:
    """Return the next step at which a column of the tile is due."""
    due = 2**62
    for c in tile.column:
        if c >= 0:
            due = min(due, tracks.due[c])
    return due


@njit(cache=True)
def _plans(tracks: Tracks, bounds: Bounds, c: int, step: int) -> bool:
    """Return whether a column's look at this step asks how far it has moved."""
    return tracks.due[c] <= step and tracks.blind[c] == 0 and bounds.rate_per_movement[c] > 0


@njit(cache=True)
def _ask(tile: _Tile, train: tuple[Tracks, Bounds], test: tuple[Tracks, Bounds], step: int) -> None:
    """Mark the rows that are looked at after the step to `step`, and keep what they have to be compared with."""
    for i in range(tile.column.size):
        c = tile.column[i]
        tile.asked[i] = c >= 0 and (train[0].due[c] <= step or test[0].due[c] <= step)
        if tile.asked[i] and (_plans(train[0], train[1], c, step) or _plans(test[0], test[1], c, step)):
            tile.before[i] = tile.a[i]


@njit(cache=True)
def _evaluate_residual(tile: _Tile) -> None:
    np.dot(tile.a, tile.X.T, tile.residual)
    for i in range(tile.column.size):
        if tile.asked[i]:
            tile.squares[i] = _subtract_and_square(tile.residual[i], tile.y)
        else:
            _subtract(tile.residual[i], tile.y)


@njit(cache=True)
def _step(rule: int, tile: _Tile) -> None:
    """Take one step; see `trainers.linear.Stack` for the rules."""
    if rule == PROJECT:
        tile.product[:] = 0.0
        for i in range(tile.column.size):
            _sign_step(tile.a[i], tile.product[i], 0.0, tile.decay[i], tile.shrinkage[i])
        _evaluate_residual(tile)
        np.dot(tile.residual, tile.pinv.T, tile.product)
        for i in range(tile.column.size):
            _subtract(tile.a[i], tile.product[i])
        return
    np.dot(tile.residual, tile.X, tile.product)
    for i in range(tile.column.size):
        if rule == SHRINK:
            _shrink_step(tile.a[i], tile.product[i], tile.alpha[i], tile.decay[i], tile.shrinkage[i])
        else:
            _sign_step(tile.a[i], tile.product[i], tile.alpha[i], tile.decay[i], tile.shrinkage[i])
    _evaluate_residual(tile)


@njit(cache=True)
def _see(
    track: tuple[Tracks, Bounds], safe: np.ndarray, c: int, step: int, square: float, residual: float, movement: float
) -> bool:
    """Take in a column's error, its norm squared; return whether it is finite.

    `safe` (columns, 2): see `between`; `residual`: ||X a - y||^2; `movement`: the length of the last step.
    """
    tracks, bounds = track
    if not safe[c, 0] < square < safe[c, 1]:
        error = math.sqrt(square) / bounds.norm[c]
        see(error, step, tracks.levels, tracks.below[:, c], tracks.first[:, c], tracks.since[:, c])
        safe[c] = between(tracks, c, bounds.norm[c])
    if tracks.blind[c] > 0:
        tracks.blind[c] -= 1
        tracks.due[c] = step + 1
    else:
        start = bounds.start[c] + bounds.start_per_misfit[c] * _misfit(residual, bounds.unexplained[c])
        rate = bounds.rate[c] + bounds.rate_per_movement[c] * movement
        plan(tracks, c, step, math.sqrt(square) / bounds.norm[c], start, rate)
    return math.isfinite(square)


@njit(cache=True)
def _look(
    rule: int,
    tile: _Tile,
    train: tuple[Tracks, Bounds],
    test: tuple[Tracks, Bounds],
    safe: tuple[np.ndarray, np.ndarray],
    step: int,
) -> bool:
    """Look at the rows that are asked for; return whether their errors are finite."""
    finite = True
    for i in range(tile.column.size):
        if not tile.asked[i]:
            continue
        c, movement = tile.column[i], 0.0
        if _plans(train[0], train[1], c, step) or _plans(test[0], test[1], c, step):
            movement = math.sqrt(_squared_distance(tile.a[i], tile.before[i]))
        if train[0].due[c] <= step:
            square = tile.squares[i]
            if rule == PROJECT:  # that was the residual before the projection
                square = _squared_distance(np.dot(tile.X, tile.a[i]), tile.y)
            finite &= _see(train, safe[0], c, step, square, tile.squares[i], movement)
        if test[0].due[c] <= step:
            square = _squared_distance(tile.a[i], tile.a_star)
            finite &= _see(test, safe[1], c, step, square, tile.squares[i], movement)
    return finite


@njit(cache=True)
def _walk_tile(
    rule: int,
    tile: _Tile,
    train: tuple[Tracks, Bounds],
    test: tuple[Tracks, Bounds],
    safe: tuple[np.ndarray, np.ndarray],
    step: int,
    last: int,
    fresh: bool,
) -> bool:
    finite = True
    tile.asked[:] = False
    if not fresh and rule != PROJECT:
        _evaluate_residual(tile)
    due = min(_nearest(tile, train[0]), _nearest(tile, test[0]))
    while step < last:
        step += 1
        if step >= due:
            _ask(tile, train, test, step)
        if step == last:
            tile.before[:] = tile.a
        _step(rule, tile)
        if step >= due:
            finite &= _look(rule, tile, train, test, safe, step)
            tile.asked[:] = False
            due = min(_nearest(tile, train[0]), _nearest(tile, test[0]))
    return finite


@njit(cache=True)
def _safe(track: tuple[Tracks, Bounds]) -> np.ndarray:
    """Return `between` of every column, shape (columns, 2)."""
    out = np.empty((track[0].due.size, 2))
    for c in range(out.shape[0]):
        out[c] = between(track[0], c, track[1].norm[c])
    return out


@njit(cache=True, nogil=True)
def walk(
    rule: int,
    data: Data,
    slots: Slots,
    train: tuple[Tracks, Bounds],
    test: tuple[Tracks, Bounds],
    step: int,
    k: int,
    fresh: bool,
) -> bool:
    """Take `k` steps from `step` on, looking at each column's errors wherever they are due.

    `fresh` says that the residuals are those of the iterates. Afterwards they are, but for `PROJECT`, and `before`
    holds the iterates one step earlier.

    Returns:
        Whether every error that was looked at was finite.
    """
    D, W, n = slots.a.shape
    tiles = -(-W // _TILE)
    product, squares, asked = np.empty((_TILE, n)), np.zeros(_TILE), np.zeros(_TILE, dtype=np.bool_)
    safe = (_safe(train), _safe(test))
    finite = True
    for d in range(D):
        for part in range(tiles):
            i, j = W * part // tiles, W * (part + 1) // tiles
            tile = _Tile(
                data.X[d],
                data.pinv[d],
                data.y[d],
                data.a_star[d],
                slots.a[d, i:j],
                slots.before[d, i:j],
                slots.residual[d, i:j],
                slots.alpha[d, i:j],
                slots.decay[d, i:j],
                slots.shrinkage[d, i:j],
                slots.column[d, i:j],
                product[: j - i],
                squares[: j - i],
                asked[: j - i],
            )
            finite &= _walk_tile(rule, tile, train, test, safe, step, step + k, fresh)
    return finite
