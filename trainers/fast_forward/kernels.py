"""Compiled loops over the modes of a segment (see `trainers.fast_forward.segment`).

A quantity of a segment is `v(k) = base + k drift + modes @ lam^k`, k = 0, 1, ... steps into it. `log_lam` is log |lam|
of each mode, `sign` the sign of lam, so that lam^k is right to rounding however large k is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from trainers.fast_forward.decomposition import Held, decompose
from trainers.levels import see
from trainers.passage import Passage

NEVER = 2**62
"""A step that no run comes to."""

_GONE = -1e4
"""In place of log 0."""
_DEAD = -100.0
"""Exponent from which on a mode has nothing left that any digit of what it is added to would show."""

_FIRST_HORIZON = 64
"""Steps that rows march before the first look at whether some row has come to zero; then twice as many, and so on."""

_STRICT = 1.0 - 1e-9
"""A bound that holds in exact arithmetic is taken a little shorter, so that rounding cannot break it."""


class Track(NamedTuple):
    """The levels of an error, and what is known of them: arrays of a `Passage` of one column, shape (levels,) each."""

    levels: np.ndarray
    below: np.ndarray
    first: np.ndarray
    since: np.ndarray

    @classmethod
    def of(cls, passage: Passage) -> Track:
        """Return views of a passage's arrays, to be updated in place."""
        return cls(*(x[:, 0] for x in (passage.levels, passage.below, passage.first, passage.since)))


@njit(cache=True)
def _powers(log_lam: np.ndarray, sign: np.ndarray, k: int, out: np.ndarray) -> None:
    for i in range(log_lam.size):
        exponent = k * log_lam[i]
        size = np.exp(exponent) if exponent > _DEAD else 0.0
        out[i] = -size if sign[i] < 0 and k % 2 == 1 else size


@njit(cache=True)
def value_at(
    base: np.ndarray, drift: np.ndarray, modes: np.ndarray, log_lam: np.ndarray, sign: np.ndarray, k: int
) -> np.ndarray:
    """Return `v(k)`, shape (rows,)."""
    powers = np.empty(log_lam.size)
    _powers(log_lam, sign, k, powers)
    out = base + k * drift
    for j in range(base.size):
        for i in range(powers.size):
            out[j] += modes[j, i] * powers[i]
    return out


@njit(cache=True)
def _steps(gap: float, speed: float) -> int:
    """Return how many steps at a speed certainly stay within a gap."""
    if gap <= 0.0:
        return 0
    if speed * 4e18 <= gap:
        return NEVER
    return int(gap / speed * _STRICT)


@njit(cache=True)
def first_event(
    base: np.ndarray, drift: np.ndarray, modes: np.ndarray, log_lam: np.ndarray, sign: np.ndarray, limit: int
) -> int:
    """Return the first k in [0, limit] at which some row of `v` is <= 0, `limit + 1` where none is.

    With c the modes of a row, a row at value f cannot come to zero within m steps while `m < f / (d + R)`, nor while
    `m < (f - T) / d`: d is what it drifts down by in a step, T and R bound what its modes can still take from it in all
    and in one step. Each row marches by its own m, all rows up to one horizon before any goes on to the next.
    Shapes: base and drift (rows,), modes (rows, r), log_lam and sign (r,).
    """
    rows, r = modes.shape
    less = np.empty(r)  # by what part of itself a mode moves in a step
    for i in range(r):
        less[i] = 1.0 + np.exp(log_lam[i]) if sign[i] < 0 else -np.expm1(log_lam[i])
    due = np.empty(rows, dtype=np.int64)
    alternates = np.where(sign < 0, 1.0, 0.0)
    for j in range(rows):
        due[j] = _certain_at_first(base[j], drift[j], modes[j], alternates, less)
        if due[j] == 0:
            return 0
    first, horizon = limit + 1, min(_FIRST_HORIZON, limit)
    while True:
        for j in range(rows):
            while due[j] <= horizon and due[j] < first:
                k = due[j]
                ahead = _certain(k, base[j], drift[j], modes[j], log_lam, sign, less)
                if ahead == 0:
                    first = k
                due[j] = k + ahead
                if ahead == 0:
                    break
        if first <= horizon or horizon >= limit:
            return first
        horizon = min(2 * horizon, limit)


@njit(cache=True)
def _certain(
    k: int, base: float, drift: float, modes: np.ndarray, log_lam: np.ndarray, sign: np.ndarray, less: np.ndarray
) -> int:
    """Return how many steps after k > 0 a row may first be <= 0; 0: it is so at k. See `first_event`."""
    f = base + k * drift
    most, next_most = 0.0, 0.0
    for i in range(modes.size):
        exponent = k * log_lam[i]
        if exponent < _DEAD:
            continue
        term = modes[i] * np.exp(exponent)
        if sign[i] < 0:
            f += -term if k % 2 == 1 else term
            most += 2.0 * abs(term)
            next_most += 2.0 * abs(term) * less[i]
        else:
            f += term
            if term > 0.0:
                most += term
                next_most += term * less[i]
    return _first_after(f, drift, most, next_most)


@njit(cache=True, fastmath={"reassoc", "contract", "nsz", "nnan"})
def _certain_at_first(base: float, drift: float, modes: np.ndarray, alternates: np.ndarray, less: np.ndarray) -> int:
    """Return the same at k = 0, where most rows are looked at for the only time; `alternates`: 1 where lam < 0."""
    total, most, next_most = 0.0, 0.0, 0.0
    for i in range(modes.size):
        up = max(modes[i], 0.0)
        part = up + alternates[i] * (2.0 * abs(modes[i]) - up)
        total += modes[i]
        most += part
        next_most += part * less[i]
    return _first_after(base + total, drift, most, next_most)


@njit(cache=True)
def _first_after(f: float, drift: float, most: float, next_most: float) -> int:
    if f <= 0.0:
        return 0
    down = max(-drift, 0.0)
    return min(1 + max(_steps(f, down + next_most), _steps(f - most, down)), NEVER)


@njit(cache=True)
def affine(
    X: np.ndarray, y: np.ndarray, a: np.ndarray, alpha: float, beta1: float, beta2: float, held: Held
) -> tuple[
    Held,
    tuple[np.ndarray, np.ndarray, np.ndarray],
    tuple[np.ndarray, np.ndarray],
    tuple[np.ndarray, np.ndarray],
    tuple[np.ndarray, np.ndarray],
    tuple[np.ndarray, np.ndarray],
]:
    """Return the segment that begins at the iterate `a` (n,), in the notation of `trainers.fast_forward.segment`.

    Returns:
        what is held of the decomposition; base, drift and modes of the iterate, shapes (n,), (n,), (n, r); base and
        modes of the residual, shapes (N,), (N, r), and of the gradient, (n,), (n, r); log|lam| and the sign of lam,
        (r,) each; norms of the modes' movement in the first step, of iterate and residual, (r,) each.
    """
    N, n = X.shape
    on = a != 0.0 if beta1 > 0.0 else np.ones(n, dtype=np.bool_)
    active = np.flatnonzero(on)
    held, U, sigma, W = decompose(X, on, held)
    a_S = a[active]
    s_S = np.sign(a_S) if beta1 > 0.0 else np.zeros(active.size)
    p, Ws = np.dot(W.T, a_S), np.dot(W.T, s_S)
    curvature = sigma**2 + beta2
    goal = (sigma * np.dot(U.T, y) - beta1 * Ws) / curvature
    gap = p - goal
    tall = active.size > sigma.size  # otherwise there is nothing outside the row space
    q = a_S - np.dot(W, p) if tall else np.zeros(active.size)
    s_perp = s_S - np.dot(W, Ws) if tall else np.zeros(active.size)
    decays = beta2 > 0.0
    rest = -(beta1 / beta2) * s_perp if decays else q
    r = sigma.size + (1 if decays else 0)
    base, drift, modes = np.zeros(n), np.zeros(n), np.zeros((n, r))
    centre, reach = np.dot(W, goal), W * gap
    for i in range(active.size):
        j = active[i]
        base[j] = centre[i] + rest[i]
        modes[j, : sigma.size] = reach[i]
        if decays:
            modes[j, sigma.size] = q[i] - rest[i]
        else:
            drift[j] = -alpha * beta1 * s_perp[i]
    residual_modes = np.zeros((N, r))
    residual_modes[:, : sigma.size] = U * (sigma * gap)
    less, moved, residual_moved = np.empty(r), np.empty(r), np.zeros(r)
    less[: sigma.size] = -alpha * curvature
    moved[: sigma.size] = alpha * curvature * np.abs(gap)
    residual_moved[: sigma.size] = moved[: sigma.size] * sigma
    if decays:
        less[-1], moved[-1] = -alpha * beta2, alpha * beta2 * np.linalg.norm(q - rest)
    residual = np.dot(U, sigma * goal) - y
    gradient = np.dot(X.T, residual), np.dot(X.T, residual_modes)
    return held, (base, drift, modes), (residual, residual_modes), gradient, _log(less), (moved, residual_moved)


@njit(cache=True)
def _log(less: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log|lam| and the sign of lam, given lam - 1."""
    log_lam, sign = np.empty(less.size), np.ones(less.size)
    for i in range(less.size):
        if less[i] > -1.0:
            log_lam[i] = max(np.log1p(less[i]), _GONE)
        else:
            sign[i] = -1.0
            log_lam[i] = max(np.log(-1.0 - less[i]), _GONE) if less[i] < -1.0 else _GONE
    return log_lam, sign


@njit(cache=True)
def active_set_ends(
    beta1: float,
    signs: np.ndarray,
    iterate: tuple[np.ndarray, np.ndarray, np.ndarray],
    gradient: tuple[np.ndarray, np.ndarray],
    log_lam: np.ndarray,
    sign: np.ndarray,
    limit: int,
) -> int:
    """Return the first k in [0, limit] at which the active set is no longer what it was, `limit + 1` where none is.

    Rows that have to stay positive: s_j a_j on the active set, and beta1 -+ x_j^T (X a - y) off it. `iterate` is base,
    drift and modes of a, `gradient` base and modes of X^T (X a - y), `signs` (n,) are 0 off the active set.
    """
    n, r = iterate[2].shape
    rows = n + np.sum(signs == 0.0)
    base, drift, modes = np.empty(rows), np.zeros(rows), np.empty((rows, r))
    i = 0
    for j in range(n):
        s = signs[j]
        if s != 0.0:
            base[i], drift[i] = s * iterate[0][j], s * iterate[1][j]
            for mode in range(r):
                modes[i, mode] = s * iterate[2][j, mode]
            i += 1
            continue
        base[i], base[i + 1] = beta1 - gradient[0][j], beta1 + gradient[0][j]
        for mode in range(r):
            modes[i, mode], modes[i + 1, mode] = -gradient[1][j, mode], gradient[1][j, mode]
        i += 2
    return first_event(base, drift, modes, log_lam, sign, limit)


@njit(cache=True, fastmath={"reassoc", "contract", "nsz"})
def _norm(base: np.ndarray, drift: np.ndarray, modes: np.ndarray, powers: np.ndarray, k: int) -> float:
    total = 0.0
    for j in range(base.size):
        value = base[j] + k * drift[j]
        for i in range(powers.size):
            value += modes[j, i] * powers[i]
        total += value * value
    return np.sqrt(total)


@njit(cache=True)
def _speed(drift: float, step: np.ndarray, powers: np.ndarray) -> float:
    """Return a bound on how far a quantity moves in a step, now and ever after."""
    total = 0.0
    for i in range(step.size):
        total += (step[i] * powers[i]) ** 2
    return drift + np.sqrt(total)


@njit(cache=True)
def see_all(errors: np.ndarray, start: int, track: Track) -> None:
    """Follow errors (steps,) of the steps from `start` on, one by one."""
    for k in range(errors.size):
        see(errors[k], start + k, track.levels, track.below, track.first, track.since)


@njit(cache=True)
def follow(
    iterate: tuple[np.ndarray, np.ndarray, np.ndarray],
    residual: tuple[np.ndarray, np.ndarray],
    logs: tuple[np.ndarray, np.ndarray],
    steps: tuple[np.ndarray, np.ndarray],
    a_star: np.ndarray,
    scales: tuple[float, float],
    span: tuple[int, int, int],
    train: Track,
    test: Track,
) -> tuple[float, float]:
    """Follow both errors over their levels, missing no crossing up or down; return between what the test error stays.

    Args:
        iterate: base, drift and modes of a.
        residual: base and modes of X a - y.
        logs: log|lam| and the sign of lam.
        steps: norms of the modes' movement in the first step, of iterate and residual.
        a_star: ground truth.
        scales: ||y|| and ||a*||.
        span: the step at which the segment begins, for how many it is followed, and how many it holds.
        train: levels of the train error, updated in place.
        test: those of the test error.
    """
    start, last, whole = span
    log_lam, sign = logs
    base, drift = iterate[0] - a_star, iterate[1]
    drifting = np.sqrt(np.sum(drift * drift))
    still = np.zeros(residual[0].size)
    _pass(residual[0], still, residual[1], log_lam, sign, (0.0, steps[1]), scales[0], start, last, train)
    _pass(base, drift, iterate[2], log_lam, sign, (drifting, steps[0]), scales[1], start, last, test)
    powers = np.ones(log_lam.size)
    at_start, reach = _norm(base, drift, iterate[2], powers, 0), 0.0
    for i in range(powers.size):
        # a mode moves by 1 - lam of itself in the first step, and in all by itself or, where it alternates, twice that
        less = -np.expm1(log_lam[i])
        most = (2.0 if sign[i] < 0 else 1.0) / less if less > 0.0 else np.inf
        reach += (steps[0][i] * min(most, float(whole))) ** 2
    reach = whole * drifting + np.sqrt(reach)
    return (at_start - reach) / scales[1], (at_start + reach) / scales[1]


@njit(cache=True)
def _pass(
    base: np.ndarray,
    drift: np.ndarray,
    modes: np.ndarray,
    log_lam: np.ndarray,
    sign: np.ndarray,
    speeds: tuple[float, np.ndarray],
    scale: float,
    start: int,
    last: int,
    track: Track,
) -> None:
    """Follow the error `||v(k)|| / scale` for k in [0, last]; `speeds`: see `_speed`."""
    powers = np.empty(log_lam.size)
    k = 0
    while k <= last:
        _powers(log_lam, sign, k, powers)
        error = _norm(base, drift, modes, powers, k) / scale
        gap = see(error, start + k, track.levels, track.below, track.first, track.since)
        safe = _steps(gap - 1e-12 * (1.0 + error), _speed(speeds[0], speeds[1], powers) / scale)
        if safe > last - k:
            return
        k += 1 + safe


@njit(cache=True)
def first_overtaken(
    pull: tuple[np.ndarray, np.ndarray, np.ndarray],
    gradient: tuple[np.ndarray, np.ndarray],
    log_lam: np.ndarray,
    sign: np.ndarray,
    speeds: tuple[float, np.ndarray],
    last: int,
) -> int:
    """Return the first k in [0, last] at which the norm of the pull is at least that of the gradient, else `last + 1`.

    `pull` is base, drift and modes of beta H, `gradient` base and modes of G; `speeds` bound the movement of both.
    """
    powers = np.empty(log_lam.size)
    still = np.zeros(gradient[0].size)
    k = 0
    while k <= last:
        _powers(log_lam, sign, k, powers)
        gap = _norm(gradient[0], still, gradient[1], powers, k) - _norm(pull[0], pull[1], pull[2], powers, k)
        if gap <= 0.0:
            return k
        safe = _steps(gap, _speed(speeds[0], speeds[1], powers))
        if safe > last - k:
            return last + 1
        k += 1 + safe
    return last + 1


@njit(cache=True)
def first_within(
    base: np.ndarray,
    drift: np.ndarray,
    modes: np.ndarray,
    log_lam: np.ndarray,
    sign: np.ndarray,
    speeds: tuple[float, np.ndarray],
    scale: float,
    band: tuple[float, float],
    k: int,
    every: int,
    last: int,
) -> int:
    """Return the first of k, k + every, ... up to `last` at which `||v|| / scale` lies in a band, else `last + 1`."""
    powers = np.empty(log_lam.size)
    while k <= last:
        _powers(log_lam, sign, k, powers)
        error = _norm(base, drift, modes, powers, k) / scale
        gap = max(error - band[1], band[0] - error)
        if gap <= 0.0:
            return k
        safe = _steps(gap - 1e-12 * (1.0 + error), _speed(speeds[0], speeds[1], powers) / scale)
        if safe > last - k:
            return last + 1
        k += every * (1 + safe // every)
    return last + 1


@njit(cache=True)
def shrink_steps(
    X: np.ndarray,
    y: np.ndarray,
    a: np.ndarray,
    alpha: float,
    beta1: float,
    beta2: float,
    steps: int,
) -> np.ndarray:
    """Return the iterates of the next `steps` plain proximal steps from `a` (n,), shape (steps, n)."""
    out = np.empty((steps, a.size))
    gamma = alpha * beta1
    for t in range(steps):
        gradient = np.dot(np.dot(X, a) - y, X)
        for j in range(a.size):
            z = a[j] - alpha * (gradient[j] + beta2 * a[j])
            out[t, j] = z - gamma if z > gamma else (z + gamma if z < -gamma else 0.0)
        a = out[t]
    return out
