"""Compiled: the decomposition X_S = U diag(sigma) W^T of the active columns, followed from one active set to the next.

U and sigma^2 are those of X_S X_S^T, which an event changes by a rank one (see `rank_one`), and W = X_S^T U / sigma.
Rounding there grows with the square of the condition number: where that is large, the decomposition is LAPACK's of X_S.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trainers.compiled import njit
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


@njit
def decompose(
    X: np.ndarray, Xt: np.ndarray, active: np.ndarray, held: Held
) -> tuple[Held, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what is to be held from now on, and U (N, r), sigma (r,), X^T U (n, r) and W (n, r) of X_S.

    r is the rank of X_S; the rows of W off the active set are zero.
    """
    if held.U.size > 0 and np.any(active):
        U, squares, age = _updated(X, Xt, active, held)
        zero = np.searchsorted(squares, _ROUNDING * squares[-1], side="right")
        if zero == squares.size or squares[zero] >= _FIRM * squares[-1]:
            U_r, sigma = np.ascontiguousarray(U[:, zero:]), np.sqrt(squares[zero:])
            reached, inverse = np.dot(Xt, U_r), 1.0 / sigma
            W = np.zeros((active.size, sigma.size))
            for j in range(active.size):
                if active[j]:
                    for i in range(sigma.size):
                        W[j, i] = reached[j, i] * inverse[i]
            return Held(U, squares, active, age), U_r, sigma, reached, W
    S = np.flatnonzero(active)
    held, U_r, sigma, W_S = _by_svd(np.ascontiguousarray(X[:, S]), active, held)
    W = np.zeros((active.size, sigma.size))
    for i in range(S.size):
        W[S[i]] = W_S[i]
    return held, U_r, sigma, np.dot(Xt, U_r), W


@njit
def _updated(X: np.ndarray, Xt: np.ndarray, active: np.ndarray, held: Held) -> tuple[np.ndarray, np.ndarray, int]:
    """Return eigenvectors, eigenvalues and age of X_S X_S^T for another active set."""
    changed = np.flatnonzero(active != held.active)
    U, squares, age = held.U, held.squares, held.age + changed.size
    if age > _OLDEST:
        X_S = np.ascontiguousarray(X[:, np.flatnonzero(active)])
        squares, vectors = np.linalg.eigh(np.dot(X_S, X_S.T))
        return np.ascontiguousarray(vectors), squares, 0
    for j in changed:
        U, squares = update(U, squares, Xt[j], bool(active[j]))
    return U, squares, age


@njit
def _by_svd(X_S: np.ndarray, active: np.ndarray, held: Held) -> tuple[Held, np.ndarray, np.ndarray, np.ndarray]:
    """Return what is to be held, U (N, r), sigma (r,) and W (|S|, r) by LAPACK, without what counts as zero."""
    N, size = X_S.shape
    whole = held.U.size > 0  # all of U, to go on from
    if size == 0:  # a = 0: nothing is active
        held = Held(held.U, np.zeros(held.U.shape[0]), active, 0)
        return held, np.zeros((N, 0)), np.zeros(0), np.zeros((0, 0))
    U, sigma, Wt = np.linalg.svd(X_S, True) if whole and size < N else np.linalg.svd(X_S, False)
    r = sigma.size
    while r > 0 and sigma[r - 1] ** 2 <= _ZERO * sigma[0] ** 2:
        r -= 1
    U_r, sigma_r, W = np.ascontiguousarray(U[:, :r]), sigma[:r].copy(), np.ascontiguousarray(Wt[:r].T)
    if whole:
        squares = np.zeros(N)
        squares[N - sigma.size :] = sigma[::-1] ** 2
        held = Held(np.ascontiguousarray(U[:, ::-1]), squares, active, 0)
    return held, U_r, sigma_r, W
