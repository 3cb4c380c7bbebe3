"""One draw with all that theory computes of it, shared by every step size and strength."""

from __future__ import annotations

import numpy as np

from grokscale.trainers.tasks.sparse_recovery.theory.lasso import LassoPath, LassoPoint
from grokscale.trainers.tasks.sparse_recovery.theory.sign_flow import SignFlow, sign_flow
from grokscale.trainers.tasks.sparse_recovery.theory.spectrum import Spectrum

LARGEST_FLOW = 2000
"""Dimension up to which a sign flow is integrated. Its cost grows as n^3: 0.02 s at n = 100, 12 s here, a quarter of an
hour at 5000, during which a pack would look dead."""


class DrawTheory:
    """The theory of one draw, computed once and shared by all its step sizes and strengths.

    Nothing is computed before it is asked for: the decomposition, one Lasso path for each beta2, one sign flow for each
    initial point.

    Args:
        X: design, shape (N, n).
        y: targets, shape (N,).
        a_star: ground truth, shape (n,).

    Raises:
        ValueError: a* = 0 (every relative error is undefined), or X or y is not finite.
    """

    def __init__(self, X: np.ndarray, y: np.ndarray, a_star: np.ndarray) -> None:
        self.spectrum = Spectrum.of(X, y)
        self.a_star = np.asarray(a_star, dtype=np.float64)
        self.scale = float(np.linalg.norm(self.a_star))
        if self.scale == 0:
            raise ValueError("a* = 0: the relative recovery error is undefined")
        self._paths: dict[float, LassoPath] = {}
        self._points: dict[tuple[float, float], LassoPoint] = {}
        self._flows: dict[bytes, SignFlow] = {}

    def lasso(self, beta1: float, beta2: float = 0.0) -> LassoPoint:
        """The Lasso (`beta2 = 0`) or elastic-net point, see `lasso_point`."""
        if beta2 not in self._paths:
            self._paths[beta2] = LassoPath(self.spectrum.X, self.spectrum.y, beta2)
        if (beta1, beta2) not in self._points:
            self._points[beta1, beta2] = self._paths[beta2].at(beta1)
        return self._points[beta1, beta2]

    def sign_flow(self, a0: np.ndarray) -> SignFlow:
        """The sign flow from `a_hat + P_perp a0`, see `sign_flow`.

        Raises:
            ArithmeticError: n is above `LARGEST_FLOW`, or rounding has led the integration astray.
        """
        if self.spectrum.n > LARGEST_FLOW:
            raise ArithmeticError(f"the sign flow is not integrated above n = {LARGEST_FLOW}")
        key = np.asarray(a0, dtype=np.float64).tobytes()
        if key not in self._flows:
            self._flows[key] = sign_flow(self.spectrum, self.a_star, a0)
        return self._flows[key]

    def error(self, a: np.ndarray) -> float:
        """Relative recovery error ||a - a*|| / ||a*|| of a point (n,)."""
        return float(np.linalg.norm(a - self.a_star)) / self.scale
