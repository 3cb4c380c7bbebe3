"""The steps of `trainers.linear.stack` as one compiled loop for a CPU, which sees every crossing on its way.

Python runs before and after many steps, not between them. The columns of a draw go in tiles that stay in the cache; a
tile takes all its steps before the next begins. Two matrix products a step are BLAS's, and all that is element by
element is one pass over each. A column is looked at only where a certificate says that its error might cross a level.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_info

from grokscale.trainers.compiled import kernel, njit
from grokscale.trainers.levels import NO_STEP
from grokscale.trainers.linear.looks import (
    Sights,
    Track,
    begin,
    cross,
    keep_before,
    keep_reached,
    least,
    measure,
    near_outside,
    plan_rows,
    some_outside,
)

if TYPE_CHECKING:  # torch is not needed to compile
    from torch import Tensor

    from grokscale.trainers.linear.stack import Stack

SHRINK, SIGN, PROJECT = 0, 1, 2
RULES = {"proximal": SHRINK, "gd": SHRINK, "subgradient": SIGN, "projected": PROJECT}
"""How a rule treats the l1 term; plain descent, which has none, shrinks by 0."""
_TILE = 128
"""Columns of a tile: iterate, gradient and residual take 230 KB at n = 100, N = 30, and BLAS is at its best."""
_SMALL_TILE, _SMALL = 32, 100_000
"""Where OpenBLAS has kernels for products of so few multiplications that it need not copy, tiles that stay below."""
_HAVE_SMALL = ("SkylakeX", "Cooperlake", "SapphireRapids")


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
    """The slots' own arrays, see `trainers.linear.stack.Stack`; a, before and residual are updated in place.

    Attributes:
        a, before: shape (D, W, n). residual: shape (D, W, N).
        alpha, decay, shrinkage: alpha, 1 - alpha beta2 and alpha beta1, shape (D, W).
        column: position of the live column, -1 where the slot is spare, shape (D, W).
        scratch: room for a product, shape (D, W, n): one place for all calls, aligned as the iterates are.
    """

    a: np.ndarray
    before: np.ndarray
    residual: np.ndarray
    alpha: np.ndarray
    decay: np.ndarray
    shrinkage: np.ndarray
    column: np.ndarray
    scratch: np.ndarray

    @classmethod
    def of(cls, stack: Stack, column: np.ndarray) -> Slots:
        """Return the arrays of a stack, in the memory of its tensors."""
        a, before, residual = stack.a.numpy(), stack.before.numpy(), stack.residual.numpy()
        alpha, decay, shrinkage = (values.numpy()[:, :, 0] for values in (stack.alpha, stack.decay, stack.shrinkage))
        return cls(a, before, residual, alpha, decay, shrinkage, column, stack.scratch.numpy())


class _Tile(NamedTuple):
    """Some columns of one draw: views of what `Data` and `Slots` say of them, and room for a step.

    Attributes:
        residual: X a - y, trial fastest, so that the squares of all rows add up side by side, shape (N, rows).
        product: shape (rows, n).
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
def _evaluate_residual(tile: _Tile, squares: np.ndarray, squared: bool) -> None:
    """Compute X a - y of every row, and `squares` where that is asked for."""
    # no views of rows: numba counts references to each, which is as much work as the row
    residual, y = tile.residual, tile.y
    np.dot(tile.X, tile.a.T, residual)
    N, rows = residual.shape
    if not squared:
        for j in range(N):
            for i in range(rows):
                residual[j, i] -= y[j]
        return
    squares.fill(0.0)
    for j in range(0, N - 1, 2):  # by two: half as long a chain of sums
        for i in range(rows):
            left, more = residual[j, i] - y[j], residual[j + 1, i] - y[j + 1]
            residual[j, i], residual[j + 1, i] = left, more
            squares[i] += left * left + more * more
    if N % 2 == 1:
        for i in range(rows):
            left = residual[N - 1, i] - y[N - 1]
            residual[N - 1, i] = left
            squares[i] += left * left


@njit
def _step(rule: int, tile: _Tile, squares: np.ndarray, squared: bool) -> None:
    """Take one step; see `linear.stack.Stack` for the rules. `PROJECT` leaves the residual of before it projects."""
    if rule == PROJECT:
        tile.product.fill(0.0)
        _sign_rows(tile)
        _evaluate_residual(tile, squares, False)
        _project_rows(tile)
        if not squared:
            return
    else:
        np.dot(tile.residual.T, tile.X, tile.product)
        if rule == SHRINK:
            _shrink_rows(tile)
        else:
            _sign_rows(tile)
    _evaluate_residual(tile, squares, squared)


@njit
def _transpose(rows: np.ndarray, to: np.ndarray) -> None:
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            to[j, i] = rows[i, j]


@njit
def _walk_tile(rule: int, tile: _Tile, sights: Sights, train: Track, test: Track, step: int, last: int) -> bool:
    column, a, before = tile.column, tile.a, tile.before
    squares, low, high, test_low, test_high, compares, nears, asks = sights
    test_squares, finite = np.empty(column.size), True
    begin(sights, column, train, test)
    compare, near, ask = least(compares), least(nears), least(asks)
    while step < last:
        step += 1
        if step == last:
            keep_before(a, before, asks, NO_STEP)
        elif step >= ask:
            keep_before(a, before, asks, step)
        squared = step >= compare or (step >= ask and rule != PROJECT)
        _step(rule, tile, squares, squared)
        if squared and some_outside(squares, low, high):
            of, norm = train[0], train[1].norm
            finite &= cross(step, compares, squares, low, high, column, norm, of.levels, of.below, of.first, of.since)
            keep_reached(step, column, a, of.first, train[2])
        if step >= near:
            measure(a, tile.a_star, nears, step, test_squares)
            if near_outside(test_squares, test_low, test_high, nears, step):
                of, norm = test[0], test[1].norm
                finite &= cross(
                    step,
                    nears,
                    test_squares,
                    test_low,
                    test_high,
                    column,
                    norm,
                    of.levels,
                    of.below,
                    of.first,
                    of.since,
                )
                keep_reached(step, column, a, of.first, test[2])
        if step >= ask:
            plan_rows(sights, column, a, before, test_squares, train, test, step)
            compare, near, ask = least(compares), least(nears), least(asks)
    return finite


@cache
def _small_kernels() -> bool:
    """Return whether the BLAS of compiled loops is an OpenBLAS for AVX-512."""
    return any(library.get("architecture") in _HAVE_SMALL for library in threadpool_info())


def widest_tile(N: int, n: int) -> int:
    """Return how many columns a tile may have."""
    return _SMALL_TILE if _SMALL_TILE * N * n <= _SMALL and _small_kernels() else _TILE


@kernel(nogil=True)
def walk(
    widest: int,
    rule: int,
    data: Data,
    slots: Slots,
    train: Track,
    test: Track,
    step: int,
    k: int,
    fresh: bool,
) -> bool:
    """Take `k` steps from `step` on, looking at each column's errors wherever they are due.

    The iterate at which a column first comes to the first level of an error is kept with that error's `Track`.
    `widest`: see `widest_tile`. `fresh` says that the residuals are those of the iterates. Afterwards they are, but for
    `PROJECT`, and `before` holds the iterates one step earlier.

    Returns:
        Whether every error that was looked at was finite.
    """
    D, W = slots.column.shape
    N, tiles = data.X.shape[1], -(-W // widest)
    residual = np.empty(N * widest)
    seen, steps = np.zeros((5, widest)), np.empty((3, widest), dtype=np.int64)
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
                slots.scratch[0, : j - i],
            )
            rows = j - i
            sights = Sights(
                seen[0, :rows],
                seen[1, :rows],
                seen[2, :rows],
                seen[3, :rows],
                seen[4, :rows],
                steps[0, :rows],
                steps[1, :rows],
                steps[2, :rows],
            )
            kept = slots.residual[d, i:j]
            if fresh:
                _transpose(kept, tile.residual)
            elif rule != PROJECT:
                _evaluate_residual(tile, sights.squares, False)
            finite &= _walk_tile(rule, tile, sights, train, test, step, step + k)
            _transpose(tile.residual, kept)
    return finite
