"""The steps of `trainers.tasks.diagonal_network.problem` as one compiled loop for a CPU.

The columns of a draw are taken together, so that its two matrix products a step are of all of them; everything else is
one pass over their factors.
"""

from __future__ import annotations

import numpy as np

from grokscale.trainers.compiled import kernel, njit
from grokscale.trainers.kernels import Kernel

PRODUCT, SYMMETRIC = 0, 1
"""Forms of the network."""


@njit
def _compose(form: int, depth: int, A: np.ndarray, a: np.ndarray) -> None:
    """Set a (columns, n) from the factors (factors, columns, n)."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            if form == SYMMETRIC:
                a[i, j] = A[0, i, j] ** depth - A[1, i, j] ** depth
            else:
                value = A[0, i, j]
                for k in range(1, A.shape[0]):
                    value *= A[k, i, j]
                a[i, j] = value


@njit
def _moved(shrinks: bool, at: float, gradient: float, alpha: float, decay: float, pull: float) -> float:
    """Return an entry after a step: `decay` is 1 - alpha beta2, `pull` alpha beta1."""
    if shrinks:
        z = decay * at - alpha * gradient
        # z - clamp(z): NaN stays NaN, and zeros are exact
        return z - (pull if z > pull else (-pull if z < -pull else z))
    return decay * at - alpha * gradient - (pull if at > 0 else (-pull if at < 0 else 0.0))


@njit
def _update(
    form: int,
    depth: int,
    shrinks: bool,
    A: np.ndarray,
    G: np.ndarray,
    alpha: np.ndarray,
    decay: np.ndarray,
    pull: np.ndarray,
    old: np.ndarray,
) -> None:
    """Move the factors (factors, columns, n) by their gradients at the old point; G (columns, n) is X^T (X a - y)."""
    factors = A.shape[0]
    for i in range(G.shape[0]):
        for j in range(G.shape[1]):
            for k in range(factors):
                old[k] = A[k, i, j]
            for k in range(factors):
                slope = 1.0
                if form == SYMMETRIC:
                    slope = depth * old[k] ** (depth - 1)
                    if k == 1:
                        slope = -slope
                else:
                    for m in range(factors):
                        if m != k:
                            slope *= old[m]
                A[k, i, j] = _moved(shrinks, old[k], slope * G[i, j], alpha[i], decay[i], pull[i])


@kernel(nogil=True)
def walk(
    form: int,
    depth: int,
    shrinks: bool,
    X: np.ndarray,
    y: np.ndarray,
    A: np.ndarray,
    alpha: np.ndarray,
    decay: np.ndarray,
    pull: np.ndarray,
    k: int,
) -> None:
    """Take `k` steps of the columns of one draw, in place.

    Args:
        form: `PRODUCT` or `SYMMETRIC`.
        depth: L; of a product the number of its factors.
        shrinks: the l1 term is a soft threshold after the step, else its sign at the old point.
        X: design, shape (N, n).
        y: targets, shape (N,).
        A: factors, shape (factors, columns, n).
        alpha: step sizes, shape (columns,).
        decay: 1 - alpha beta2, shape (columns,).
        pull: alpha beta1, shape (columns,).
        k: steps.
    """
    columns, n = A.shape[1:]
    a, G, residual = np.empty((columns, n)), np.empty((columns, n)), np.empty((columns, y.size))
    old = np.empty(A.shape[0])
    for _ in range(k):
        _compose(form, depth, A, a)
        np.dot(a, X.T, residual)
        for i in range(columns):
            for j in range(y.size):
                residual[i, j] -= y[j]
        np.dot(residual, X, G)
        _update(form, depth, shrinks, A, G, alpha, decay, pull, old)


@kernel(nogil=True)
def squares(
    form: int, depth: int, X: np.ndarray, y: np.ndarray, a_star: np.ndarray, A: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ||X a - y||^2 and ||a - a*||^2 of the columns of one draw, shape (columns,); arguments as of `walk`."""
    columns, n = A.shape[1:]
    a, residual = np.empty((columns, n)), np.empty((columns, y.size))
    _compose(form, depth, A, a)
    np.dot(a, X.T, residual)
    left, away = np.zeros(columns), np.zeros(columns)
    for i in range(columns):
        for j in range(y.size):
            left[i] += (residual[i, j] - y[j]) ** 2
        for j in range(n):
            away[i] += (a[i, j] - a_star[j]) ** 2
    return left, away


_row, _rows, _cube = np.zeros(1), np.zeros((1, 1)), np.zeros((1, 1, 1))

KERNELS = (
    Kernel(walk, (PRODUCT, 1, False, _rows, _row, _cube, _row, _row, _row, 1), 3.0),
    Kernel(squares, (PRODUCT, 1, _rows, _row, _row, _cube), 2.0),
)
"""What steps and looks take on a CPU."""
