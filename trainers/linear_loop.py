"""The steps of `trainers.linear` as one compiled loop for a CPU, which sees every crossing on its way.

Python runs before and after many steps, not between them. The columns of a draw go in tiles that stay in the cache; a
tile takes all its steps before the next begins. Two matrix products a step are BLAS's, and all that is element by
element is one pass over each. A column is looked at only where a certificate says that its error might cross a level.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_info
from torch import Tensor

from trainers.compiled import njit
from trainers.levels import Tracks, between, plan, see
from trainers.linear import Stack

SHRINK, SIGN, PROJECT = 0, 1, 2
RULES = {"proximal": SHRINK, "gd": SHRINK, "subgradient": SIGN, "projected": PROJECT}
"""How a rule treats the l1 term; plain descent, which has none, shrinks by 0."""
_TILE = 128
"""Columns of a tile: iterate, gradient and residual take 230 KB at n = 100, N = 30, and BLAS is at its best."""
_SMALL_TILE, _SMALL = 32, 100_000
"""Where OpenBLAS has kernels for products of so few multiplications that it need not copy, tiles that stay below."""
_HAVE_SMALL = ("SkylakeX", "Cooperlake", "SapphireRapids")
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
        alpha, decay, shrinkage = (values.numpy()[:, :, 0] for values in (stack.alpha, stack.decay, stack.shrinkage))
        return cls(a, before, residual, alpha, decay, shrinkage, column)


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
        residual: X a - y, trial fastest, so that the squares of all rows add up side by side, shape (N, rows).
        product: shape (rows, n).
        squares: squared norms of the residuals, shape (rows,), where they were asked for.
        low, high: the train error crosses no level while `squares` lies between these, shape (rows,).
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
    low: np.ndarray
    high: np.ndarray


@njit(fastmath={"contract"})
def _shrink_rows(tile: _Tile) -> None:
    """A <- S_shrinkage(decay a - alpha gradient), the gradient being `product`."""
    a, gradient = tile.a, tile.product
    for i in range(a.shape[0]):
        alpha, decay, shrinkage = tile.alpha[i], tile.decay[i], tile.shrinkage[i]
        for j in range(a.shape[1]):
            z = decay * a[i, j] - alpha * gradient[i, j]
            # z - clamp(z): NaN stays NaN, and zeros are exact
            a[i, j] = z - (shrinkage if z > shrinkage else (-shrinkage if z < -shrinkage else z))


@njit(fastmath={"contract"})
def _sign_rows(tile: _Tile) -> None:
    """A <- decay a - alpha gradient - shrinkage sign(a), the gradient being `product`."""
    a, gradient = tile.a, tile.product
    for i in range(a.shape[0]):
        alpha, decay, shrinkage = tile.alpha[i], tile.decay[i], tile.shrinkage[i]
        for j in range(a.shape[1]):
            pull = shrinkage if a[i, j] > 0 else (-shrinkage if a[i, j] < 0 else 0.0)
            a[i, j] = decay * a[i, j] - alpha * gradient[i, j] - pull


@njit(fastmath={"contract"})
def _project_rows(tile: _Tile) -> None:
    """A <- a - X^+ (X a - y)."""
    np.dot(tile.residual.T, tile.pinv.T, tile.product)
    a, normal = tile.a, tile.product
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            a[i, j] -= normal[i, j]


@njit(fastmath={"reassoc", "contract", "nsz"})
def _evaluate_residual(tile: _Tile, squared: bool) -> None:
    """Compute X a - y of every row, and `squares` where that is asked for."""
    y, squares = tile.y, tile.squares
    np.dot(tile.X, tile.a.T, tile.residual)
    if squared:
        squares.fill(0.0)
    for j in range(y.size):
        row, target = tile.residual[j], y[j]
        if squared:
            for i in range(row.size):
                left = row[i] - target
                row[i] = left
                squares[i] += left * left
        else:
            for i in range(row.size):
                row[i] -= target


@njit(fastmath={"reassoc", "contract", "nsz"})
def _squared_distance(x: np.ndarray, y: np.ndarray) -> float:
    square = 0.0
    for j in range(x.size):
        square += (x[j] - y[j]) ** 2
    return square


@njit
def _misfit(square: float, unexplained: float) -> float:
    """Return ||X (a - a_hat)|| for ||X a - y||^2: by Pythagoras, and a hair more, so that rounding cannot matter."""
    return math.sqrt(max(square - unexplained, 0.0) + HAIR * square)


@njit
def _step(rule: int, tile: _Tile, squared: bool) -> None:
    """Take one step; see `trainers.linear.Stack` for the rules. `PROJECT` leaves the residual of before it projects."""
    if rule == PROJECT:
        tile.product.fill(0.0)
        _sign_rows(tile)
        _evaluate_residual(tile, False)
        _project_rows(tile)
        return
    np.dot(tile.residual.T, tile.X, tile.product)
    if rule == SHRINK:
        _shrink_rows(tile)
    else:
        _sign_rows(tile)
    _evaluate_residual(tile, squared)


@njit
def _see(
    track: tuple[Tracks, Bounds], safe: np.ndarray, c: int, step: int, square: float, residual: float, movement: float
) -> bool:
    """Hold a column's error, its norm squared, against the levels and plan its next look; return whether it is finite.

    `safe` (columns, 2): see `between`; `residual`: ||X a - y||^2; `movement`: the length of the last step.
    """
    tracks, bounds = track
    error = math.sqrt(square) / bounds.norm[c]
    if not safe[c, 0] < square < safe[c, 1]:
        see(error, step, tracks.levels, tracks.below[:, c], tracks.first[:, c], tracks.since[:, c])
        safe[c, 0], safe[c, 1] = between(tracks, c, bounds.norm[c])
    if tracks.asks[c] <= step:
        start = bounds.start[c] + bounds.start_per_misfit[c] * _misfit(residual, bounds.unexplained[c])
        plan(tracks, c, step, error, start, bounds.rate[c] + bounds.rate_per_movement[c] * movement)
    return math.isfinite(square)


@njit
def _copy(row: np.ndarray, to: np.ndarray) -> None:
    for j in range(row.size):
        to[j] = row[j]


@njit
def _transpose(rows: np.ndarray, to: np.ndarray) -> None:
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            to[j, i] = rows[i, j]


@njit
def _keep_before(
    column: np.ndarray, a: np.ndarray, before: np.ndarray, train_asks: np.ndarray, test_asks: np.ndarray, step: int
) -> None:
    """Keep the rows whose movement is asked for after the step to `step`."""
    for i in range(column.size):
        c = column[i]
        if c >= 0 and (train_asks[c] <= step or test_asks[c] <= step):
            _copy(a[i], before[i])


@njit
def _look_at_train(
    rule: int, tile: _Tile, train: tuple[Tracks, Bounds], safe: np.ndarray, i: int, step: int, movement: float
) -> bool:
    """Look at a row's train error; return whether it is finite."""
    square, c = tile.squares[i], tile.column[i]
    if rule == PROJECT:
        square = _squared_distance(np.dot(tile.X, tile.a[i]), tile.y)
    finite = _see(train, safe, c, step, square, tile.squares[i], movement)
    tile.low[i], tile.high[i] = safe[c, 0], safe[c, 1]
    return finite


@njit
def _look(
    rule: int,
    tile: _Tile,
    train: tuple[Tracks, Bounds],
    test: tuple[Tracks, Bounds],
    safe: tuple[np.ndarray, np.ndarray],
    step: int,
) -> bool:
    """Look at the rows that are due; return whether their errors are finite."""
    # plain arrays: a tuple costs more to hand on than a row to pass over
    column, a, before, a_star, squares = tile.column, tile.a, tile.before, tile.a_star, tile.squares
    train_due, train_asks, test_due, test_asks = train[0].due, train[0].asks, test[0].due, test[0].asks
    moves, low, high, safe_test = test[1].rate_per_movement, tile.low, tile.high, safe[1]
    finite = True
    for i in range(column.size):
        c = column[i]
        if c < 0:
            continue
        asks = train_asks[c] <= step or test_asks[c] <= step
        movement = math.sqrt(_squared_distance(a[i], before[i])) if asks and moves[c] > 0 else 0.0
        if train_asks[c] <= step or (train_due[c] <= step and (rule == PROJECT or not low[i] < squares[i] < high[i])):
            finite &= _look_at_train(rule, tile, train, safe[0], i, step, movement)
        if test_due[c] <= step:
            square = _squared_distance(a[i], a_star)
            if test_asks[c] <= step or not safe_test[c, 0] < square < safe_test[c, 1]:
                finite &= _see(test, safe_test, c, step, square, squares[i], movement)
    return finite


@njit
def _some_cross(low: np.ndarray, high: np.ndarray, squares: np.ndarray) -> bool:
    inside = 0  # counted, without a branch, so that the comparisons are vectorised; NaN is not inside
    for i in range(squares.size):
        inside += (low[i] < squares[i]) & (squares[i] < high[i])
    return inside < squares.size


@njit
def _look_at_crossings(tile: _Tile, train: tuple[Tracks, Bounds], safe: np.ndarray, step: int) -> bool:
    """Look at the train errors that cross a level, where none is planned anew; return whether they are finite."""
    low, high, squares, finite = tile.low, tile.high, tile.squares, True
    for i in range(squares.size):
        if not low[i] < squares[i] < high[i] and tile.column[i] >= 0:
            finite &= _look_at_train(SHRINK, tile, train, safe, i, step, 0.0)
    return finite


@njit
def _next_look(rule: int, tile: _Tile, train: Tracks, test: Tracks) -> tuple[int, int]:
    """Return the next step at which rows have to be looked at, and that from which their `squares` are compared."""
    look, compare = 2**62, 2**62
    for i in range(tile.column.size):
        c = int(tile.column[i])
        if c >= 0:
            look = min(look, int(test.due[c]), int(train.due[c] if rule == PROJECT else train.asks[c]))
            compare = min(compare, int(train.due[c]))
    return look, compare


@njit
def _walk_tile(
    rule: int,
    tile: _Tile,
    train: tuple[Tracks, Bounds],
    test: tuple[Tracks, Bounds],
    safe: tuple[np.ndarray, np.ndarray],
    step: int,
    last: int,
) -> bool:
    finite = True
    for i in range(tile.column.size):
        c = tile.column[i]
        tile.low[i], tile.high[i] = (safe[0][c, 0], safe[0][c, 1]) if c >= 0 else (-math.inf, math.inf)
    look, compare = _next_look(rule, tile, train[0], test[0])
    while step < last:
        step += 1
        if step == last:
            for i in range(tile.column.size):
                _copy(tile.a[i], tile.before[i])
        elif step >= look:
            _keep_before(tile.column, tile.a, tile.before, train[0].asks, test[0].asks, step)
        _step(rule, tile, step >= look or step >= compare)
        if step >= look:
            finite &= _look(rule, tile, train, test, safe, step)
            look, compare = _next_look(rule, tile, train[0], test[0])
        elif step >= compare and rule != PROJECT and _some_cross(tile.low, tile.high, tile.squares):
            finite &= _look_at_crossings(tile, train, safe[0], step)
    return finite


@njit
def _safe(track: tuple[Tracks, Bounds]) -> np.ndarray:
    """Return `between` of every column, shape (columns, 2)."""
    out = np.empty((track[0].due.size, 2))
    for c in range(out.shape[0]):
        out[c, 0], out[c, 1] = between(track[0], c, track[1].norm[c])
    return out


@cache
def _small_kernels() -> bool:
    """Return whether the BLAS of compiled loops is an OpenBLAS for AVX-512."""
    return any(library.get("architecture") in _HAVE_SMALL for library in threadpool_info())


def widest_tile(N: int, n: int) -> int:
    """Return how many columns a tile may have."""
    return _SMALL_TILE if _SMALL_TILE * N * n <= _SMALL and _small_kernels() else _TILE


@njit(nogil=True)
def walk(
    widest: int,
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

    `widest`: see `widest_tile`. `fresh` says that the residuals are those of the iterates. Afterwards they are, but for
    `PROJECT`, and `before` holds the iterates one step earlier.

    Returns:
        Whether every error that was looked at was finite.
    """
    D, W, n = slots.a.shape
    tiles = -(-W // widest)
    N = data.X.shape[1]
    product, residual = np.empty((widest, n)), np.empty(N * widest)
    squares, low, high = np.zeros(widest), np.zeros(widest), np.zeros(widest)
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
                residual[: N * (j - i)].reshape(N, j - i),
                slots.alpha[d, i:j],
                slots.decay[d, i:j],
                slots.shrinkage[d, i:j],
                slots.column[d, i:j],
                product[: j - i],
                squares[: j - i],
                low[: j - i],
                high[: j - i],
            )
            kept = slots.residual[d, i:j]
            if fresh:
                _transpose(kept, tile.residual)
            elif rule != PROJECT:
                _evaluate_residual(tile, False)
            finite &= _walk_tile(rule, tile, train, test, safe, step, step + k)
            _transpose(tile.residual, kept)
    return finite
