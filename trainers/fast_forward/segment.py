"""One segment of proximal gradient descent: while no coordinate joins or leaves the active set, its steps are affine.

On the active set S with signs s, with the thin decomposition X_S = U diag(sigma) W^T, k steps take a_S to

    W (p* + lam^k (p - p*)) + q(k),  p = W^T a_S,  q = a_S - W p,
    lam = 1 - alpha (sigma^2 + beta2),  p* = (sigma U^T y - beta1 W^T s) / (sigma^2 + beta2),

and leave the rest at zero. The part q outside the row space drifts, q(k) = q - k alpha beta1 s_perp with
s_perp = s - W W^T s, or, with beta2 > 0, decays to -(beta1 / beta2) s_perp at the rate 1 - alpha beta2: one more mode.
With beta1 = 0 every coordinate is active and nothing ever ends the one segment there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trainers.fast_forward import kernels
from trainers.fast_forward.decomposition import Held


@dataclass(frozen=True, eq=False)
class Descent:
    """What is descended: f(a) = 1/2 ||X a - y||^2 + beta1 ||a||_1 + 1/2 beta2 ||a||^2, by proximal steps of size alpha.

    Attributes:
        X: design, shape (N, n). y: targets, shape (N,).
        alpha: step size, below 2 / (sigma_max(X^T X) + beta2).
        beta1, beta2: strengths, >= 0.
    """

    X: np.ndarray
    y: np.ndarray
    alpha: float
    beta1: float
    beta2: float

    @cached_property
    def largest(self) -> float:
        """The largest singular value of X."""
        return float(np.linalg.norm(self.X, 2))


@dataclass(frozen=True)
class Affine:
    """`base + k drift + modes @ lam^k`, shapes (m,), (m,), (m, r)."""

    base: np.ndarray
    drift: np.ndarray
    modes: np.ndarray

    @classmethod
    def still(cls, base: np.ndarray, modes: np.ndarray) -> Affine:
        """Return one that does not drift."""
        return cls(base, np.zeros(base.size), modes)


@dataclass(frozen=True)
class Segment:
    """From step `start` on, k steps lead to `iterate(k)`, for as long as the active set stays as it is.

    Attributes:
        descent: what is descended.
        start: the step at which it begins.
        signs: of the iterate, shape (n,); 0 off the active set.
        iterate, residual, gradient: a, X a - y and X^T (X a - y), k steps into the segment.
        log_lam, sign: log|lam| and the sign of lam, shape (r,).
        steps: norms of the modes' movement in the first step: of the iterate and of the residual, shape (r,) each.
        held: the decomposition, for the next segment to go on from.
    """

    descent: Descent
    start: int
    signs: np.ndarray
    iterate: Affine
    residual: Affine
    gradient: Affine
    log_lam: np.ndarray
    sign: np.ndarray
    steps: tuple[np.ndarray, np.ndarray]
    held: Held

    @classmethod
    def of(cls, descent: Descent, start: int, a: np.ndarray, held: Held | None = None) -> Segment:
        """Return the segment that begins at the iterate `a` (n,).

        Args:
            descent: what is descended.
            start: the step of `a`.
            a: the iterate.
            held: decomposition to go on from; None: it is made anew, and may differ by rounding.
        """
        d = descent
        held = Held.begin(*d.X.shape) if held is None else held
        held, iterate, residual, gradient, logs, moved = kernels.affine(d.X, d.y, a, d.alpha, d.beta1, d.beta2, held)
        signs = np.sign(a) if d.beta1 > 0 else np.zeros(a.size)
        parts = Affine(*iterate), Affine.still(*residual), Affine.still(*gradient)
        return cls(d, start, signs, *parts, *logs, moved, held)

    def length(self, limit: int) -> int:
        """Return for how many steps, up to `limit`, the active set stays; -1: not even through the next."""
        if self.descent.beta1 == 0:
            return limit
        a, g = self.iterate, self.gradient
        parts = (a.base, a.drift, a.modes), (g.base, g.modes)
        logs = self.log_lam, self.sign
        return int(kernels.active_set_ends(self.descent.beta1, self.signs, *parts, *logs, limit)) - 1

    def iterate_at(self, k: int) -> np.ndarray:
        """Return the iterate after `k` steps, shape (n,)."""
        a = self.iterate
        return kernels.value_at(a.base, a.drift, a.modes, self.log_lam, self.sign, k)

    def iterates(self, ks: np.ndarray) -> np.ndarray:
        """Return the iterates after `ks` (m,) steps, shape (m, n)."""
        with np.errstate(under="ignore"):
            powers = np.exp(np.multiply.outer(ks, self.log_lam))
        powers[ks == 0] = 1.0
        powers *= np.where((self.sign < 0) & (ks[:, None] % 2 == 1), -1.0, 1.0)
        a = self.iterate
        return a.base + np.multiply.outer(ks, a.drift) + powers @ a.modes.T

    @property
    def speed(self) -> tuple[float, np.ndarray]:
        """Bounds of the iterate's movement a step: by its drift, and by each mode in the first step."""
        return float(np.linalg.norm(self.iterate.drift)), self.steps[0]
