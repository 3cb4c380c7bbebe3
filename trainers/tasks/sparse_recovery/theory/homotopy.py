"""The homotopy behind the Lasso path: which coordinates are active, with which sign, as the l1 strength falls.

On a fixed active set S with signs s the minimiser of 1/2 ||Xa - y||^2 + beta1 ||a||_1 is `u - beta1 w`, linear in
beta1, until an inactive coordinate's correlation reaches beta1 (it joins) or an active one reaches zero (it leaves):
LARS with drops.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from scipy.linalg import qr_delete, qr_insert  # pyright: ignore[reportAttributeAccessIssue]  (compiled: no stubs)

_MOST_KNOTS = 50
"""Knots per coordinate after which a walk counts as gone astray; ordinary draws have fewer than 3."""


@dataclass(frozen=True, slots=True, eq=False)
class Knot:
    """From `beta1` downwards the minimiser has exactly these coordinates, with these signs."""

    beta1: float
    active: np.ndarray
    signs: np.ndarray


@dataclass(frozen=True, slots=True)
class _Event:
    """At `beta1` the coordinate joins the active set with this sign, or leaves it (sign 0)."""

    beta1: float
    coordinate: int
    sign: float


_END = _Event(-np.inf, -1, 0.0)


class Homotopy:
    """One walk from `max|X^T y|` downwards, kept for all l1 strengths it has passed.

    `X_S = Q R` of the active set S is kept up to date column by column.

    Args:
        X: design, shape (N, n).
        y: targets, shape (N,).
        ties: spread of the weights around 1, for problems where two coordinates join at exactly the same beta1.
    """

    def __init__(self, X: np.ndarray, y: np.ndarray, ties: float) -> None:
        self._X, self._y = X, y
        self._weights = 1.0 + ties * np.random.default_rng(0).random(X.shape[1])
        self._active: list[int] = []
        self._signs = np.zeros(X.shape[1])
        self._Q, self._R = np.zeros((X.shape[0], 0)), np.zeros((0, 0))
        correlation = X.T @ y
        ratio = np.abs(correlation) / self._weights
        first = int(np.argmax(ratio))
        self._knots = [Knot(np.inf, np.zeros(0, dtype=np.int64), np.zeros(0))]
        self._next = _Event(float(ratio[first]), first, float(np.sign(correlation[first])))

    def down_to(self, beta1: float) -> Knot:
        """The last knot at or above `beta1`, walking on where the next one is not known to lie below it."""
        while self._next.beta1 > beta1:
            self._turn(self._next)
        position = bisect.bisect_right(self._knots, -beta1, key=lambda knot: -knot.beta1)
        return self._knots[position - 1]

    def _turn(self, event: _Event) -> None:
        if event.sign == 0:
            self._leave(event.coordinate)
        elif not self._join(event.coordinate, event.sign):
            self._next = _END
            return
        active = np.array(self._active, dtype=np.int64)
        self._knots.append(Knot(event.beta1, active, self._signs[active]))
        too_long = len(self._knots) > _MOST_KNOTS * self._signs.size
        self._next = _END if too_long else self._event_below(event.beta1, active)

    def _join(self, j: int, sign: float) -> bool:
        """Take coordinate j in, unless its column depends on those of S: then no walk goes on from here."""
        column, size = self._X[:, j], len(self._active)
        if size == column.size:
            return False
        if size == 0:
            norm = np.linalg.norm(column)
            self._Q, self._R = column[:, None] / norm, np.array([[norm]])
        else:
            try:
                self._Q, self._R = qr_insert(self._Q, self._R, column, size, which="col", rcond=1e-12)
            except np.linalg.LinAlgError:
                return False
        self._active.append(j)
        self._signs[j] = sign
        return True

    def _leave(self, j: int) -> None:
        Q, R = qr_delete(self._Q, self._R, self._active.index(j), which="col")
        self._active.remove(j)
        self._signs[j] = 0.0
        self._Q, self._R = Q[:, : len(self._active)], R[: len(self._active)]

    def _event_below(self, beta1: float, active: np.ndarray) -> _Event:
        """The next coordinate to join or to leave below the knot at `beta1`.

        On S the minimiser is `u - beta1 w`, so every correlation is `c + beta1 v`. A coordinate counts only where it
        really moves towards its bound, which keeps one that has just turned there from turning back by rounding.
        """
        s, weights, X_S = self._signs[active], self._weights, self._X[:, active]
        w_rows = scipy.linalg.solve_triangular(self._R, weights[active] * s, trans=1)
        in_range = self._Q.T @ self._y
        u, w = np.transpose(scipy.linalg.solve_triangular(self._R, np.column_stack([in_range, w_rows])))
        c, v = (self._X.T @ np.column_stack([self._y - X_S @ u, self._Q @ w_rows])).T

        def drop(gap: np.ndarray, speed: np.ndarray) -> np.ndarray:
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(speed > 0, np.maximum(gap, 0.0) / speed, np.inf)

        up = drop(beta1 * (weights - v) - c, weights - v)
        down = drop(beta1 * (weights + v) + c, weights + v)
        up[active] = down[active] = np.inf
        leave = drop(s * (u - beta1 * w), -s * w)
        return min(
            _Event(beta1 - up.min(), int(up.argmin()), 1.0),
            _Event(beta1 - down.min(), int(down.argmin()), -1.0),
            _Event(beta1 - leave.min(), int(active[leave.argmin()]), 0.0) if active.size else _END,
            key=lambda event: -event.beta1,
        )
