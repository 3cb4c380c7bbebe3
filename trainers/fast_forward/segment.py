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
from typing import NamedTuple

import numpy as np

from trainers.compiled import njit
from trainers.fast_forward.decomposition import Held, decompose
from trainers.fast_forward.modes import Affine, Factors, factors


class Terms(NamedTuple):
    """What is descended: f(a) = 1/2 ||X a - y||^2 + beta1 ||a||_1 + 1/2 beta2 ||a||^2, by proximal steps of size alpha.

    Attributes:
        X: design, shape (N, n). Xt: its transpose. y: targets, shape (N,).
        alpha: step size, below 2 / (sigma_max(X^T X) + beta2).
        beta1, beta2: strengths, >= 0.
    """

    X: np.ndarray
    Xt: np.ndarray
    y: np.ndarray
    alpha: float
    beta1: float
    beta2: float


@dataclass(frozen=True, eq=False)
class Descent:
    """See `Terms`, which compiled code takes."""

    X: np.ndarray
    y: np.ndarray
    alpha: float
    beta1: float
    beta2: float

    @cached_property
    def terms(self) -> Terms:
        """The same, for compiled code."""
        X = np.ascontiguousarray(self.X)
        return Terms(X, np.ascontiguousarray(X.T), self.y, self.alpha, self.beta1, self.beta2)

    @cached_property
    def largest(self) -> float:
        """The largest singular value of X."""
        return float(np.linalg.norm(self.X, 2))


class Segment(NamedTuple):
    """What k steps lead to, for as long as the active set stays as it is.

    Attributes:
        signs: of the iterate, shape (n,); 0 off the active set.
        iterate, residual, gradient: a, X a - y and X^T (X a - y) after k steps; r modes each.
        lam: by what the modes are multiplied in a step.
        steps: norms of the modes' movement in the first step, of the iterate and of the residual, shape (r,) each.
    """

    signs: np.ndarray
    iterate: Affine
    residual: Affine
    gradient: Affine
    lam: Factors
    steps: tuple[np.ndarray, np.ndarray]


@njit
def _scaled(columns: np.ndarray, by: np.ndarray, r: int) -> np.ndarray:
    """Return the columns times what each is scaled by, with columns of zeros after them up to r."""
    out = np.empty((columns.shape[0], r))
    for j in range(columns.shape[0]):
        for i in range(by.size):
            out[j, i] = columns[j, i] * by[i]
        for i in range(by.size, r):
            out[j, i] = 0.0
    return out


@njit
def segment_at(terms: Terms, a: np.ndarray, held: Held) -> tuple[Held, Segment]:
    """Return the decomposition to go on from and the segment that begins at the iterate `a` (n,)."""
    X, Xt, y, alpha, beta1, beta2 = terms
    N, n = X.shape
    on = a != 0.0 if beta1 > 0.0 else np.ones(n, dtype=np.bool_)
    signs = np.sign(a) if beta1 > 0.0 else np.zeros(n)
    held, U, sigma, reached, W = decompose(X, Xt, on, held)
    along = sigma.size
    p, Ws = np.dot(a, W), np.dot(signs, W)
    curvature = sigma**2 + beta2
    goal = (sigma * np.dot(y, U) - beta1 * Ws) / curvature
    gap = p - goal
    tall = np.sum(on) > along  # otherwise there is nothing outside the row space
    q = a - np.dot(W, p) if tall else np.zeros(n)
    s_perp = signs - np.dot(W, Ws) if tall else np.zeros(n)
    decays = beta2 > 0.0
    rest = -(beta1 / beta2) * s_perp if decays else q
    r = along + (1 if decays else 0)
    pull = sigma * gap
    modes, residual_modes, gradient_modes = _scaled(W, gap, r), _scaled(U, pull, r), _scaled(reached, pull, r)
    less, moved, residual_moved = np.empty(r), np.empty(r), np.zeros(r)
    less[:along] = -alpha * curvature
    moved[:along] = alpha * curvature * np.abs(gap)
    residual_moved[:along] = moved[:along] * sigma
    drift = np.zeros(n)
    if decays:
        modes[:, along] = q - rest
        less[-1], moved[-1] = -alpha * beta2, alpha * beta2 * np.linalg.norm(q - rest)
    else:
        drift -= alpha * beta1 * s_perp
    residual = np.dot(U, sigma * goal) - y
    return held, Segment(
        signs,
        Affine(np.dot(W, goal) + rest, drift, modes),
        Affine(residual, np.zeros(N), residual_modes),
        Affine(np.dot(residual, X), np.zeros(n), gradient_modes),
        factors(less),
        (moved, residual_moved),
    )


@njit
def shrink_steps(terms: Terms, a: np.ndarray, steps: int) -> np.ndarray:
    """Return the iterates of the next `steps` plain proximal steps from `a` (n,), shape (steps, n)."""
    X, _Xt, y, alpha, beta1, beta2 = terms
    out = np.empty((steps, a.size))
    gamma = alpha * beta1
    for t in range(steps):
        gradient = np.dot(np.dot(X, a) - y, X)
        for j in range(a.size):
            z = a[j] - alpha * (gradient[j] + beta2 * a[j])
            out[t, j] = z - gamma if z > gamma else (z + gamma if z < -gamma else 0.0)
        a = out[t]
    return out


def iterates(segment: Segment, ks: np.ndarray) -> np.ndarray:
    """Return the iterates after `ks` (m,) steps, shape (m, n)."""
    log_lam, sign = segment.lam
    with np.errstate(under="ignore"):
        at = np.exp(np.multiply.outer(ks, log_lam))
    at[ks == 0] = 1.0
    at *= np.where((sign < 0) & (ks[:, None] % 2 == 1), -1.0, 1.0)
    base, drift, modes = segment.iterate
    return base + np.multiply.outer(ks, drift) + at @ modes.T


def speed(segment: Segment) -> tuple[float, np.ndarray]:
    """Return bounds of the iterate's movement a step: by its drift, and by each mode in the first step."""
    return float(np.linalg.norm(segment.iterate.drift)), segment.steps[0]
