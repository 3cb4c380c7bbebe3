"""The singular value decomposition of a draw and all that plain linear algebra says of its training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

_LONGEST = 2**62
"""Steps beyond which a crossing counts as never: above the interface's limit of 1e12, and still exact in float64."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Thin SVD `X = U diag(sigma) V^T`, singular values at rounding level dropped.

    Attributes:
        X: design, shape (N, n).
        y: targets, shape (N,).
        U: left singular vectors, shape (N, rank).
        sigma: singular values of X, descending and positive, shape (rank,); the paper's `sigma_k` are their squares.
        V: orthonormal basis of the row space, shape (n, rank).
    """

    X: np.ndarray
    y: np.ndarray
    U: np.ndarray
    sigma: np.ndarray
    V: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray, y: np.ndarray) -> Spectrum:
        """Decompose a draw.

        Raises:
            ValueError: X or y holds a non-finite number, or their shapes disagree.
        """
        X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if X.ndim != 2 or y.shape != X.shape[:1]:
            raise ValueError(f"X must be (N, n) and y (N,), not {X.shape} and {y.shape}")
        U, sigma, Vt = scipy.linalg.svd(X, full_matrices=False)
        if not np.isfinite(y).all():
            raise ValueError("y holds a non-finite number")
        rank = int(np.sum(sigma > sigma[0] * max(X.shape) * np.finfo(np.float64).eps)) if sigma.size else 0
        return cls(X=X, y=y, U=U[:, :rank], sigma=sigma[:rank], V=np.ascontiguousarray(Vt[:rank].T))

    @property
    def n(self) -> int:
        """Ambient dimension."""
        return self.X.shape[1]

    @property
    def rank(self) -> int:
        """Dimension of the row space; `rank == n` means P_perp = 0."""
        return self.sigma.size

    def a_hat(self) -> np.ndarray:
        """Least-squares solution of least norm `pinv(X) y`, shape (n,)."""
        return self.V @ ((self.U.T @ self.y) / self.sigma)

    def P_perp(self, v: np.ndarray) -> np.ndarray:
        """Projection of `v` (n,) onto the null space of X: `(I - V V^T) v`."""
        return v - self.V @ (self.V.T @ v)

    def least_squares_limit(self, a0: np.ndarray) -> np.ndarray:
        """Where gradient descent without a regulariser ends from `a0`: `a_hat + P_perp a0`, shape (n,)."""
        return self.a_hat() + self.P_perp(a0)

    def ridge_point(self, beta2: float) -> np.ndarray:
        """Minimiser of 1/2 ||Xa - y||^2 + 1/2 beta2 ||a||^2 for `beta2 > 0`: `(X^T X + beta2 I)^-1 X^T y` (T5)."""
        return self.V @ (self.sigma * (self.U.T @ self.y) / (self.sigma**2 + beta2))

    def alpha_max(self, beta2: float = 0.0) -> float | None:
        """Step sizes must lie below `2 / (sigma_max(X^T X) + beta2)`; None where X = 0 and beta2 = 0."""
        curvature = (self.sigma[0] ** 2 if self.rank else 0.0) + beta2
        return float(2.0 / curvature) if curvature > 0 else None

    def train_error_plateau(self, a: np.ndarray, beta1: float, beta2: float) -> float:
        """Relative train error at which the row space comes to rest while `a` (n,) keeps its signs.

        In the slow phase `X^T (Xa - y) + beta1 sign(a) + beta2 a` vanishes in the row space, which fixes the residual:
        `(sigma^2 + beta2) U^T r = -(beta1 sigma V^T sign(a) + beta2 U^T y)` (docs/science.md:
        a threshold t1 may be missing). 0 without a regulariser.
        """
        pull = beta1 * self.sigma * (self.V.T @ np.sign(a)) + beta2 * (self.U.T @ self.y)
        return float(np.linalg.norm(pull / (self.sigma**2 + beta2)) / np.linalg.norm(self.y))

    def t1_predicted(self, theta: float, alpha: float, a0: np.ndarray) -> int | None:
        """First step of plain gradient descent at which `||X a - y|| <= theta ||y||` (docs/science.md, "exact t1").

        The residual is linear, `r_t = U diag((1 - alpha sigma^2)^t) U^T r_0` plus what lies outside the range of X, so
        for `0 < alpha < alpha_max` its norm never grows and bisection finds the step. The regulariser's O(beta) is left
        out.

        Args:
            theta: relative train error, > 0.
            alpha: step size below `alpha_max()`.
            a0: initial point, shape (n,).

        Returns:
            The step, or None where least squares itself stays above theta.
        """
        r0 = self.X @ a0 - self.y
        modes = self.U.T @ r0
        outside = np.linalg.norm(r0 - self.U @ modes)
        decay = np.abs(1.0 - alpha * self.sigma**2)
        target = theta * np.linalg.norm(self.y)

        def memorised(t: int) -> bool:
            return bool(np.hypot(np.linalg.norm(modes * decay**t), outside) <= target)

        if memorised(0):
            return 0
        upper = 1
        while not memorised(upper):
            if upper >= _LONGEST:
                return None
            upper *= 2
        lower = upper // 2
        while upper - lower > 1:
            middle = (lower + upper) // 2
            lower, upper = (lower, middle) if memorised(middle) else (middle, upper)
        return upper
