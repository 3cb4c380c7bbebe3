"""The exact Lasso and elastic-net point: where proximal gradient descent ends, found by homotopy and checked by KKT.

The minimiser of 1/2 ||Xa - y||^2 + beta1 ||a||_1 + 1/2 beta2 ||a||^2 is piecewise linear in beta1, so all beta1 of one
draw share one walk. Each point asked for is solved afresh on the active set that the walk names, and its KKT residual
says whether to believe it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from grokscale.trainers.tasks.sparse_recovery.theory.homotopy import Homotopy, Knot

_CERTIFIED = 1e-6
"""KKT residual, relative to beta1, up to which a point is certified: it solves exactly a problem whose beta1 differs by
that much from coordinate to coordinate, so its bias is right to about as many digits."""

_TIES = (0.0, 1e-10, 1e-8)
"""Relative spreads of the coordinates' weights, tried in turn: two coordinates that join at exactly the same beta1 can
send the walk astray, and unequal weights make them join one after the other."""


@dataclass(frozen=True, slots=True, eq=False)
class LassoPoint:
    """A minimiser of the Lasso or elastic-net objective with its certificate.

    Attributes:
        a: the point, shape (n,); zero coordinates are exactly 0.
        beta1, beta2: strengths of the l1 and the 1/2 l2^2 term.
        residual: largest violation of the KKT conditions, in units of X^T y.
        certified: `residual <= 1e-6 beta1`.
        unique: no other minimiser exists (the columns at full correlation are linearly independent, or beta2 > 0).
    """

    a: np.ndarray
    beta1: float
    beta2: float
    residual: float
    certified: bool
    unique: bool


def kkt_residual(X: np.ndarray, y: np.ndarray, a: np.ndarray, beta1: float, beta2: float) -> float:
    """Largest distance, over coordinates, of `X^T (y - Xa) - beta2 a` from beta1 times the subgradients of ||a||_1."""
    correlation = X.T @ (y - X @ a) - beta2 * a
    on_support = np.abs(correlation - beta1 * np.sign(a))
    at_zero = np.maximum(np.abs(correlation) - beta1, 0.0)
    return float(np.max(np.where(a != 0, on_support, at_zero), initial=0.0))


def lasso_point(X: np.ndarray, y: np.ndarray, beta1: float, beta2: float = 0.0) -> LassoPoint:
    """Minimiser of 1/2 ||Xa - y||^2 + beta1 ||a||_1 + 1/2 beta2 ||a||^2 (docs/science.md, "Objective").

    Args:
        X: design, shape (N, n), any N and n; zero and repeated columns are fine.
        y: targets, shape (N,).
        beta1: strength of the l1 term, > 0.
        beta2: strength of the l2 term, >= 0.

    Raises:
        ValueError: beta1 <= 0 or beta2 < 0.
    """
    return LassoPath(X, y, beta2).at(beta1)


class LassoPath:
    """The minimisers over all beta1 of one draw and one beta2; walked only as far down as has been asked for."""

    def __init__(self, X: np.ndarray, y: np.ndarray, beta2: float = 0.0) -> None:
        if not beta2 >= 0:
            raise ValueError(f"beta2 must be >= 0, not {beta2}")
        self._X, self._y, self._beta2 = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64), beta2
        rows = (self._X, self._y)
        if beta2 > 0:
            n = self._X.shape[1]
            rows = (np.vstack([self._X, np.sqrt(beta2) * np.eye(n)]), np.concatenate([self._y, np.zeros(n)]))
        self._rows = rows
        self._walks: dict[float, Homotopy] = {}

    def at(self, beta1: float) -> LassoPoint:
        """The point at `beta1 > 0`; `certified` is False where no walk led to a point that satisfies KKT.

        Raises:
            ValueError: beta1 <= 0.
        """
        if not beta1 > 0:
            raise ValueError(f"beta1 must be > 0, not {beta1}")
        point = self._point(beta1, _TIES[0])
        for ties in _TIES[1:]:
            if point.certified:
                break
            point = min(point, self._point(beta1, ties), key=lambda candidate: candidate.residual)
        return point

    def _point(self, beta1: float, ties: float) -> LassoPoint:
        if ties not in self._walks:
            self._walks[ties] = Homotopy(*self._rows, ties=ties)
        knot = self._walks[ties].down_to(beta1)
        a = _on_active_set(*self._rows, knot, beta1)
        residual = kkt_residual(self._X, self._y, a, beta1, self._beta2)
        return LassoPoint(
            a=a,
            beta1=beta1,
            beta2=self._beta2,
            residual=residual,
            certified=residual <= _CERTIFIED * beta1,
            unique=self._beta2 > 0 or _independent_at_full_correlation(self._X, self._y, a, beta1),
        )


def _on_active_set(X: np.ndarray, y: np.ndarray, knot: Knot, beta1: float) -> np.ndarray:
    """Solve `X_S^T (y - X_S a_S) = beta1 s` by QR; a coordinate that comes out against its sign is at its knot: 0."""
    a = np.zeros(X.shape[1])
    if knot.active.size:
        X_S = X[:, knot.active]
        Q, R = np.linalg.qr(X_S)
        shrinkage = scipy.linalg.solve_triangular(R, beta1 * knot.signs, trans=1)
        values = scipy.linalg.solve_triangular(R, Q.T @ y - shrinkage)
        left = X_S.T @ (y - X_S @ values) - beta1 * knot.signs
        values += scipy.linalg.cho_solve((R, False), left)  # at small beta1 rounding would show in the KKT residual
        a[knot.active] = np.where(values * knot.signs > 0, values, 0.0)
    return a


def _independent_at_full_correlation(X: np.ndarray, y: np.ndarray, a: np.ndarray, beta1: float) -> bool:
    correlation = np.abs(X.T @ (y - X @ a))
    columns = X[:, (a != 0) | (correlation >= beta1 * (1 - _CERTIFIED))]
    return columns.shape[1] == 0 or int(np.linalg.matrix_rank(columns)) == columns.shape[1]
