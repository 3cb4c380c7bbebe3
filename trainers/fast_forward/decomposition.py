"""Compiled: the decomposition X_S = U diag(sigma) W^T of the active columns, followed from one active set to the next.

U and sigma^2 are those of X_S X_S^T, which an event changes by a rank one (see `rank_one`), and W = X_S^T U / sigma.
Rounding there grows with the square of the condition number: where that is large, the decomposition is LAPACK's of X_S.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from trainers.fast_forward.rank_one import update

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
        U: eigenvectors, shape (N, N); (0, 0) where N > n: nothing is held.
        squares: eigenvalues, ascending, shape (N,).
        active: the set, shape (n,).
        age: rank-one updates since it was made.
    """

    U: np.ndarray
    squares: np.ndarray
    active: np.ndarray
    age: int

    @classmethod
    def begin(cls, N: int, n: int) -> Held:
        """Return that of the empty set."""
        size = 0 if n < N else N
        return cls(np.eye(size), np.zeros(size), np.zeros(n, dtype=np.bool_), 0)


@njit(cache=True)
def decompose(X: np.ndarray, active: np.ndarray, held: Held) -> tuple[Held, np.ndarray, np.ndarray, np.ndarray]:
    """Return what is to be held from now on, U (N, r), sigma (r,) and W (|S|, r) of X_S, r being its rank."""
    X_S = np.ascontiguousarray(X[:, np.flatnonzero(active)])
    if held.U.size == 0:
        U, sigma, W = _thin(X_S)
        return held, U, sigma, W
    changed = np.flatnonzero(active != held.active)
    U, squares, age = held.U, held.squares, held.age + changed.size
    if age <= _OLDEST:
        for j in changed:
            U, squares = update(U, squares, X[:, j], bool(active[j]))
    else:
        squares, vectors = np.linalg.eigh(np.dot(X_S, X_S.T))
        U, age = np.ascontiguousarray(vectors), 0
    zero = np.searchsorted(squares, _ROUNDING * squares[-1], side="right")
    if zero == squares.size or squares[zero] >= _FIRM * squares[-1]:
        U_r, sigma = np.ascontiguousarray(U[:, zero:]), np.sqrt(squares[zero:])
        return Held(U, squares, active, age), U_r, sigma, np.dot(X_S.T, U_r) / sigma
    return _whole(X_S, active)


@njit(cache=True)
def _thin(X_S: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return U, sigma and W by LAPACK, without what counts as zero."""
    if X_S.size == 0:  # a = 0: nothing is active
        return np.zeros((X_S.shape[0], 0)), np.zeros(0), np.zeros((X_S.shape[1], 0))
    U, sigma, Wt = np.linalg.svd(X_S, False)
    r = _rank(sigma)
    return np.ascontiguousarray(U[:, :r]), sigma[:r].copy(), np.ascontiguousarray(Wt[:r].T)


@njit(cache=True)
def _whole(X_S: np.ndarray, active: np.ndarray) -> tuple[Held, np.ndarray, np.ndarray, np.ndarray]:
    """Return the same with all of U, N <= n, to go on from."""
    N = X_S.shape[0]
    if X_S.shape[1] < N:
        U, sigma, Wt = np.linalg.svd(X_S, True)
    else:
        U, sigma, Wt = np.linalg.svd(X_S, False)
    r = _rank(sigma)
    squares = np.zeros(N)
    squares[N - sigma.size :] = sigma[::-1] ** 2
    made = Held(np.ascontiguousarray(U[:, ::-1]), squares, active, 0)
    return made, np.ascontiguousarray(U[:, :r]), sigma[:r].copy(), np.ascontiguousarray(Wt[:r].T)


@njit(cache=True)
def _rank(sigma: np.ndarray) -> int:
    r = sigma.size
    while r > 0 and sigma[r - 1] ** 2 <= _ZERO * sigma[0] ** 2:
        r -= 1
    return r
