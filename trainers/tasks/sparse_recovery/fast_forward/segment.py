"""One segment of proximal gradient descent: while no coordinate joins or leaves the active set, its steps are affine.

On the active set S with signs s, with the thin decomposition X_S = U diag(sigma) W^T, k steps take a_S to

    W (p* + lam^k (p - p*)) + q(k),  p = W^T a_S,  q = a_S - W p,
    lam = 1 - alpha (sigma^2 + beta2),  p* = (sigma U^T y - beta1 W^T s) / (sigma^2 + beta2),

and leave the rest at zero. The part q outside the row space drifts, q(k) = q - k alpha beta1 s_perp with
s_perp = s - W W^T s, or, with beta2 > 0, decays to -(beta1 / beta2) s_perp at the rate 1 - alpha beta2: one more mode.
With beta1 = 0 every coordinate is active and nothing ever ends the one segment there is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from grokscale.trainers.compiled import kernel, njit
from grokscale.trainers.tasks.sparse_recovery.fast_forward.decomposition import Held, decompose
from grokscale.trainers.tasks.sparse_recovery.fast_forward.modes import Affine, Factors, factors


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


@kernel
def segment_at(terms: Terms, a: np.ndarray, held: Held) -> tuple[Held, Segment]:
    """Return the decomposition to go on from and the segment that begins at the iterate `a` (n,)."""
    # loops, not array expressions: each of those takes a second to compile
    X, Xt, y, alpha, beta1, beta2 = terms
    N, n = X.shape
    on, signs, active = np.ones(n, dtype=np.bool_), np.zeros(n), n
    if beta1 > 0.0:
        for j in range(n):
            on[j], signs[j] = a[j] != 0.0, np.sign(a[j])
            active -= a[j] == 0.0
    held, Ut, sigma, reached, W = decompose(X, Xt, on, held)
    along, decays = sigma.size, beta2 > 0.0
    r = along + (1 if decays else 0)
    p, Ws, Uy = np.dot(a, W), np.dot(signs, W), np.dot(Ut, y)
    goal, gap, pull, fitted = np.empty(along), np.empty(along), np.empty(along), np.empty(along)
    less, moved, residual_moved = np.empty(r), np.empty(r), np.zeros(r)
    for i in range(along):
        curvature = sigma[i] ** 2 + beta2
        goal[i] = (sigma[i] * Uy[i] - beta1 * Ws[i]) / curvature
        gap[i] = p[i] - goal[i]
        pull[i], fitted[i] = sigma[i] * gap[i], sigma[i] * goal[i]
        less[i] = -alpha * curvature
        moved[i] = abs(less[i] * gap[i])
        residual_moved[i] = moved[i] * sigma[i]
    base, drift, modes = np.dot(W, goal), np.zeros(n), _scaled(W, gap, r)
    size = 0.0
    if active > along:  # otherwise there is nothing outside the row space
        inside, s_inside = np.dot(W, p), np.dot(W, Ws)
        for j in range(n):
            q, s_perp = a[j] - inside[j], signs[j] - s_inside[j]
            rest = -(beta1 / beta2) * s_perp if decays else q
            base[j] += rest
            if decays:
                modes[j, along] = q - rest
                size += (q - rest) ** 2
            else:
                drift[j] = -alpha * beta1 * s_perp
    if decays:
        less[along], moved[along] = -alpha * beta2, alpha * beta2 * math.sqrt(size)
    residual = np.dot(fitted, Ut)
    for i in range(N):
        residual[i] -= y[i]
    return held, Segment(
        signs,
        Affine(base, drift, modes),
        Affine(residual, np.zeros(N), _scaled(Ut.T, pull, r)),
        Affine(np.dot(residual, X), np.zeros(n), _scaled(reached, pull, r)),
        factors(less),
        (moved, residual_moved),
    )


@kernel
def shrink_steps(terms: Terms, a: np.ndarray, steps: int) -> np.ndarray:
    """Return the iterates of the next `steps` plain proximal steps from `a` (n,), shape (steps, n)."""
    X, _Xt, y, alpha, beta1, beta2 = terms
    out = np.empty((steps, a.size))
    gamma = alpha * beta1
    for t in range(steps):
        residual = np.dot(X, a)
        for i in range(y.size):
            residual[i] -= y[i]
        gradient = np.dot(residual, X)
        for j in range(a.size):
            z = a[j] - alpha * (gradient[j] + beta2 * a[j])
            out[t, j] = z - gamma if z > gamma else (z + gamma if z < -gamma else 0.0)
        a = out[t]
    return out


def speed(segment: Segment) -> tuple[float, np.ndarray]:
    """Return bounds of the iterate's movement a step: by its drift, and by each mode in the first step."""
    return float(np.linalg.norm(segment.iterate.drift)), segment.steps[0]
