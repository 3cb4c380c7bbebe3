"""The projected sign flow: how long the slow phase of l1 training takes, whatever alpha, beta and the method.

After memorisation the iterate drifts in the null space of X along `da/dT = -P_perp sign(a)`, T = alpha beta t, from
`a_hat + P_perp a0` (docs/science.md, M2). Where coordinates rest at zero the flow slides (Filippov): its velocity is
`-P_perp z` with z the member of the subdifferential of ||a||_1 that makes it shortest. Between two events (a coordinate
reaches zero) the velocity is constant, so the flow is integrated exactly, event by event, and every first passage is
the root of a quadratic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import dger  # pyright: ignore[reportAttributeAccessIssue]  (compiled: no stubs)

from grokscale.trainers.tasks.sparse_recovery.theory.spectrum import Spectrum

_AT_REST = 1e-8
"""Speed below which the flow has ended: on an edge of its polytope it moves at a speed of order one, and of a velocity
that is zero rounding leaves less than this."""

_ARRIVED = 1e-9
"""Relative error at which the flow counts as having reached a*, where all off-support coordinates come to zero together
and rounding would part them; thresholds are never as small."""

_DETERMINED = 1e-12
"""Squared length of `P_perp e_j` below which the equations alone fix coordinate j (a coordinate row): it never moves.
"""

_SETTLED = 1e-11
"""Gradient of the problem for the velocity at which it counts as solved, two digits above rounding."""

_NEARLY_SINGULAR = 1e-6
"""Pivot of a rank-one update below which the inverse is made afresh: half of the digits would be lost."""

_MOST_NEWTON_STEPS = 1000

_MOST_EVENTS = 100
"""Events per coordinate after which the integration counts as gone astray; ordinary draws have fewer than 5."""


@dataclass(frozen=True, slots=True, eq=False)
class SignFlow:
    """The whole flow of one draw and one initial point, as linear pieces of the squared distance to a*.

    On piece i, for `0 <= T - start[i] <= length[i]`, ||a - a*||^2 is `square[i] + 2 cross[i] (T - start[i]) +
    speed[i]^2 (T - start[i])^2`. All arrays have shape (pieces,).

    Attributes:
        limit: where the flow ends, shape (n,): the basis pursuit point of `Xa = X a_hat`.
        limit_error: ||limit - a*|| / ||a*||.
    """

    start: np.ndarray
    length: np.ndarray
    square: np.ndarray
    cross: np.ndarray
    speed: np.ndarray
    scale: float
    limit: np.ndarray
    limit_error: float

    def first_passage(self, theta: float) -> float | None:
        """T_star, the T at which ||a - a*|| / ||a*|| first comes to `theta`, so that t2 = T_star / (alpha beta).

        0 where the flow starts at or below theta, None where it never comes to it.
        """
        excess = self.square - (theta * self.scale) ** 2
        if excess[0] <= 0:
            return 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            root = np.sqrt(self.cross**2 - self.speed**2 * excess)
            delay = np.where(self.cross < 0, excess / (root - self.cross), np.inf)
        inside = np.flatnonzero(delay <= self.length * (1 + 1e-12))
        return float(self.start[inside[0]] + delay[inside[0]]) if inside.size else None


def sign_flow(spectrum: Spectrum, a_star: np.ndarray, a0: np.ndarray) -> SignFlow:
    """Integrate the flow from `a_hat + P_perp a0` to its end.

    Args:
        spectrum: of the draw; its row-space basis is all of X that the flow sees.
        a_star: ground truth, shape (n,), not 0.
        a0: initial point of training, shape (n,).

    Raises:
        ArithmeticError: rounding has led the integration astray (not seen on a draw yet).
    """
    a = spectrum.least_squares_limit(a0)
    size = float(np.linalg.norm(a))
    a[np.abs(a) <= 1e-15 * size] = 0.0
    scale = float(np.linalg.norm(a_star))
    sliding = _Sliding(spectrum.V)
    pieces: list[tuple[float, float, float, float, float]] = []
    time = 0.0
    while len(pieces) < _MOST_EVENTS * (a.size + 1):
        error = a - a_star
        distance = float(np.linalg.norm(error))
        if distance <= _ARRIVED * (scale + 0.01 * size):
            a[a_star == 0] = 0.0
        velocity = sliding.velocity(np.sign(a))
        speed = float(np.linalg.norm(velocity))
        if speed <= _AT_REST:
            pieces.append((time, 0.0, distance**2, 0.0, 0.0))
            return SignFlow(*np.array(pieces).T, scale=scale, limit=a, limit_error=distance / scale)
        first, length = _next_at_zero(a, velocity)
        pieces.append((time, length, distance**2, float(error @ velocity), speed))
        a = a + length * velocity
        a[first] = 0.0
        time += length
    raise ArithmeticError(f"the sign flow did not end within {len(pieces)} events")


def _next_at_zero(a: np.ndarray, velocity: np.ndarray) -> tuple[int, float]:
    """The coordinate that reaches zero first and how long it takes."""
    towards = np.flatnonzero(a * velocity < 0)
    if not towards.size:  # ||a||_1 falls at a steady rate, so only rounding can bring this about
        raise ArithmeticError("the sign flow moves, yet towards no coordinate plane")
    times = -a[towards] / velocity[towards]
    first = int(np.argmin(times))
    return int(towards[first]), float(times[first])


class _Sliding:
    """The velocity of the flow, `-P_perp z` with z the shortest choice, from one event to the next.

    With `z = sign(a)` off zero and |z_j| <= 1 at zero, u = z + velocity lies in the row space, where it minimises
    1/2 sum_{a_j != 0} (s_j - u_j)^2 + 1/2 sum_{a_j = 0} max(|u_j| - 1, 0)^2. That is convex and piecewise quadratic:
    Newton steps end at the exact minimiser, and from the last event's u they are one or two.
    """

    def __init__(self, V: np.ndarray) -> None:
        self._V = V
        self._determined = 1.0 - np.sum(V**2, axis=1) < _DETERMINED
        self._u = np.zeros(V.shape[0])
        self._hessian = _Hessian(V)

    def velocity(self, signs: np.ndarray) -> np.ndarray:
        """Velocity (n,) at a point with these signs (n,); exactly 0 for a coordinate that stays at zero.

        Raises:
            ArithmeticError: the Newton steps did not settle.
        """
        resting = (signs == 0) & ~self._determined
        signs = np.where(self._determined & (signs == 0), 1.0, signs)
        for _ in range(_MOST_NEWTON_STEPS):
            u = self._u
            pull = np.where(resting, np.sign(u) * (1.0 - np.abs(u)), signs - u)
            moving = ~resting | (np.abs(u) > 1.0 + _SETTLED)
            pull[~moving] = 0.0
            gradient = self._V.T @ pull
            if np.linalg.norm(gradient) <= _SETTLED:
                pull[self._determined] = 0.0
                return -pull
            step = self._V @ (self._hessian.inverse(moving) @ gradient)
            self._u = u + _line_search(u, step, signs, resting) * step
        raise ArithmeticError("the sliding velocity of the sign flow did not settle")


class _Hessian:
    """Inverse of `sum_{j moving} v_j v_j^T`, v_j the rows of V, kept from one set of moving coordinates to the next."""

    def __init__(self, V: np.ndarray) -> None:
        self._V = V
        self._moving = np.ones(V.shape[0], dtype=bool)
        self._inverse = np.asfortranarray(np.eye(V.shape[1]))
        self._regular = True

    def inverse(self, moving: np.ndarray) -> np.ndarray:
        """The (pseudo-)inverse, shape (rank, rank).

        Asking twice for the same set means that rounding has spoilt the first answer, so it is made afresh.
        """
        changed = np.flatnonzero(moving != self._moving)
        added_first = changed[np.argsort(~moving[changed], kind="stable")]
        self._moving = moving
        if not (self._regular and changed.size and all(self._change(j, bool(moving[j])) for j in added_first)):
            self._renew()
        return self._inverse

    def _change(self, j: int, joins: bool) -> bool:
        """Sherman-Morrison for one coordinate; False where what is left is close to singular."""
        w = self._inverse @ self._V[j]
        sign = 1.0 if joins else -1.0
        pivot = 1.0 + sign * float(self._V[j] @ w)
        if pivot < _NEARLY_SINGULAR:
            return False
        self._inverse = dger(-sign / pivot, w, w, a=self._inverse, overwrite_a=1)
        return True

    def _renew(self) -> None:
        rows = self._V[self._moving]
        values, vectors = np.linalg.eigh(rows.T @ rows)
        kept = values > _NEARLY_SINGULAR**2
        self._inverse = np.asfortranarray((vectors[:, kept] / values[kept]) @ vectors[:, kept].T)
        self._regular = bool(kept.all())


def _line_search(u: np.ndarray, d: np.ndarray, signs: np.ndarray, resting: np.ndarray) -> float:
    """The t in (0, 1] that minimises the objective of `_Sliding` from u along d: its slope is piecewise linear in t."""

    def slope(t: np.ndarray) -> np.ndarray:
        at = u + t[:, None] * d
        over = np.where(resting, np.sign(at) * np.maximum(np.abs(at) - 1.0, 0.0), at - signs)
        return over @ d

    with np.errstate(divide="ignore", invalid="ignore"):
        kinks = np.concatenate([(1.0 - u[resting]) / d[resting], (-1.0 - u[resting]) / d[resting]])
    kinks = np.sort(kinks[(kinks > 0) & (kinks < 1)])
    if not kinks.size:
        return 1.0
    t = np.concatenate([[0.0], kinks, [1.0]])
    slopes = slope(t)
    after = int(np.argmax(slopes > 0))
    if after == 0:  # still falling at 1
        return 1.0
    before = after - 1
    return float(t[before] - slopes[before] * (t[after] - t[before]) / (slopes[after] - slopes[before]))
