"""Compiled: where a segment ends, found by a certificate and not by a search."""

from __future__ import annotations

import numpy as np

from grokscale.trainers.compiled import njit
from grokscale.trainers.levels import NO_STEP
from grokscale.trainers.tasks.sparse_recovery.fast_forward.modes import DEAD, Affine, Factors, steps_within

_FIRST_HORIZON = 64
"""Steps that rows march before the first look at whether some row has come to zero; then twice as many, and so on."""


@njit
def active_set_ends(
    beta1: float, signs: np.ndarray, iterate: Affine, gradient: Affine, lam: Factors, limit: int
) -> int:
    """Return the first k in [0, limit] at which the active set is no longer what it was, `limit + 1` where none is.

    Rows that have to stay positive: s_j a_j on the active set, and beta1 -+ x_j^T (X a - y) off it. `signs` (n,) are 0
    off the active set; the gradient, of ||X a - y||^2 / 2, does not drift.
    """
    n, r = iterate.modes.shape
    rows = n
    for j in range(n):
        rows += signs[j] == 0.0
    base, drift, modes = np.empty(rows), np.zeros(rows), np.empty((rows, r))
    i = 0
    for j in range(n):
        s = signs[j]
        if s != 0.0:
            base[i], drift[i] = s * iterate.base[j], s * iterate.drift[j]
            for mode in range(r):
                modes[i, mode] = s * iterate.modes[j, mode]
            i += 1
            continue
        base[i], base[i + 1] = beta1 - gradient.base[j], beta1 + gradient.base[j]
        for mode in range(r):
            modes[i, mode], modes[i + 1, mode] = -gradient.modes[j, mode], gradient.modes[j, mode]
        i += 2
    return first_event(base, drift, modes, lam.log_lam, lam.sign, limit)


@njit
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
    less, alternates = np.empty(r), np.zeros(r)  # by what part of itself a mode moves in a step
    for i in range(r):
        if sign[i] < 0:
            less[i], alternates[i] = 1.0 + np.exp(log_lam[i]), 1.0
        else:
            less[i] = -np.expm1(log_lam[i])
    due = np.empty(rows, dtype=np.int64)
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


@njit
def _certain(
    k: int, base: float, drift: float, modes: np.ndarray, log_lam: np.ndarray, sign: np.ndarray, less: np.ndarray
) -> int:
    """Return how many steps after k > 0 a row may first be <= 0; 0: it is so at k. See `first_event`."""
    f = base + k * drift
    most, next_most = 0.0, 0.0
    for i in range(modes.size):
        exponent = k * log_lam[i]
        if exponent < DEAD:
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


@njit(fastmath={"reassoc", "contract", "nsz", "nnan"})
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


@njit
def _first_after(f: float, drift: float, most: float, next_most: float) -> int:
    if f <= 0.0:
        return 0
    down = max(-drift, 0.0)
    return min(1 + max(steps_within(f, down + next_most), steps_within(f - most, down)), NO_STEP)
