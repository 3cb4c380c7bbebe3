"""Compiled: the decomposition X_S = U diag(sigma) W^T of the active columns, followed from one active set to the next.

U and sigma^2 are those of X_S X_S^T, which an event changes by a rank one (see `rank_one`), and W = X_S^T U / sigma.
Rounding there grows with the square of the condition number: where that is large, the decomposition is LAPACK's of X_S.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from grokscale.trainers.compiled import njit
from grokscale.trainers.tasks.sparse_recovery.fast_forward.rank_one import update

_ZERO = 1e-13
"""Of the largest sigma^2: what counts as zero in a decomposition of X_S."""
_FIRM = 1e-5
"""Of the largest sigma^2: least one, apart from those that are zero, for which X_S X_S^T says enough of X_S."""
_ROUNDING = 1e-12
"""Of the largest sigma^2: what counts as zero in a decomposition of X_S X_S^T that was followed for a while."""
_OLDEST = 24
"""Updates after which it is made anew, so that their rounding does not add up."""


class Held(NamedTuple):
    """The eigendecomposition of X_S X_S^T for some active set S.

    Attributes:
        V: eigenvectors, in rows, shape (N, N); (0, 0) where N > n: nothing is held.
        squares: eigenvalues, ascending, shape (N,).
        active: the set, shape (n,).
        age: rank-one updates since it was made.
    """

    V: np.ndarray
    squares: np.ndarray
    active: np.ndarray
    age: int

    @classmethod
    def begin(cls, N: int, n: int) -> Held:
        """Return that of the empty set."""
        size = 0 if n < N else N
        return cls(np.eye(size), np.zeros(size), np.zeros(n, dtype=np.bool_), 0)


@njit
def decompose(
    X: np.ndarray, Xt: np.ndarray, active: np.ndarray, held: Held
) -> tuple[Held, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what is to be held from now on, and U^T (r, N), sigma (r,), X^T U (n, r) and W (n, r) of X_S.

    r is the rank of X_S; the rows of W off the active set are zero.
    """
    # loops, not array expressions: each of those takes a second to compile
    S = np.flatnonzero(active)
    if held.V.size > 0 and S.size > 0:
        V, squares, age = _updated(X, Xt, S, active, held)
        zero, largest = 0, squares[-1]
        while zero < squares.size and squares[zero] <= _ROUNDING * largest:
            zero += 1
        if zero == squares.size or squares[zero] >= _FIRM * largest:
            sigma = np.empty(squares.size - zero)
            for i in range(sigma.size):
                sigma[i] = math.sqrt(squares[zero + i])
            Ut = V[zero:]
            reached, W = np.dot(Xt, Ut.T), np.zeros((active.size, sigma.size))
            for j in S:
                for i in range(sigma.size):
                    W[j, i] = reached[j, i] / sigma[i]
            return Held(V, squares, active, age), Ut, sigma, reached, W
    held, Ut, sigma, Wt = _by_svd(X, S, active, held)
    W = np.zeros((active.size, sigma.size))
    for i in range(sigma.size):
        for j in range(S.size):
            W[S[j], i] = Wt[i, j]
    return held, Ut, sigma, np.dot(Xt, Ut.T), W


@njit
def _columns(X: np.ndarray, S: np.ndarray) -> np.ndarray:
    out = np.empty((X.shape[0], S.size))
    for i in range(X.shape[0]):
        for j in range(S.size):
            out[i, j] = X[i, S[j]]
    return out


@njit
def _updated(
    X: np.ndarray, Xt: np.ndarray, S: np.ndarray, active: np.ndarray, held: Held
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return eigenvectors, in rows, eigenvalues and age of X_S X_S^T for another active set."""
    V, squares, age = held.V, held.squares, held.age
    for j in range(active.size):
        age += active[j] != held.active[j]
    if age > _OLDEST:
        X_S = _columns(X, S)
        squares, U = np.linalg.eigh(np.dot(X_S, X_S.T))
        return U.T.copy(), squares, 0
    for j in range(active.size):
        if active[j] != held.active[j]:
            V, squares = update(V, squares, Xt[j], active[j])
    return V, squares, age


@njit
def _by_svd(
    X: np.ndarray, S: np.ndarray, active: np.ndarray, held: Held
) -> tuple[Held, np.ndarray, np.ndarray, np.ndarray]:
    """Return what is to be held, U^T (r, N), sigma (r,) and W^T (r, |S|) by LAPACK, without what counts as zero."""
    N, holds = X.shape[0], held.V.size > 0
    if S.size == 0:  # a = 0: nothing is active
        held = Held(held.V, np.zeros(held.V.shape[0]), active, 0)
        return held, np.zeros((0, N)), np.zeros(0), np.zeros((0, 0))
    # all of U where it is held, to go on from
    U, sigma, Wt = np.linalg.svd(_columns(X, S), holds and S.size < N)
    r = sigma.size
    while r > 0 and sigma[r - 1] ** 2 <= _ZERO * sigma[0] ** 2:
        r -= 1
    Ut = U.T.copy()
    if holds:
        V, squares = np.empty((N, N)), np.zeros(N)
        for i in range(N):
            if i < sigma.size:
                squares[N - 1 - i] = sigma[i] ** 2
            for j in range(N):
                V[N - 1 - i, j] = Ut[i, j]
        held = Held(V, squares, active, 0)
    return held, Ut[:r], sigma[:r], Wt.copy()[:r]
