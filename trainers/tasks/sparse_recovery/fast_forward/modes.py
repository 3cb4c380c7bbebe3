"""Compiled: what moves along the modes of a segment, `v(k) = base + k drift + modes @ lam^k`, k steps into it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from grokscale.trainers.compiled import kernel, njit
from grokscale.trainers.levels import NO_STEP

DEAD = -100.0
"""Exponent from which on a mode has nothing left that any digit of what it is added to would show."""

_GONE = -1e4
"""In place of log 0."""

_STRICT = 1.0 - 1e-9
"""A bound that holds in exact arithmetic is taken a little shorter, so that rounding cannot break it."""


class Factors(NamedTuple):
    """By what each mode is multiplied in a step: log|lam| and the sign of lam, shapes (r,).

    By its logarithm lam^k is right to rounding however large k is.
    """

    log_lam: np.ndarray
    sign: np.ndarray


class Affine(NamedTuple):
    """`base + k drift + modes @ lam^k`, shapes (m,), (m,), (m, r)."""

    base: np.ndarray
    drift: np.ndarray
    modes: np.ndarray


@njit
def factors(less: np.ndarray) -> Factors:
    """Return the factors, given lam - 1 (r,)."""
    log_lam, sign = np.empty(less.size), np.ones(less.size)
    for i in range(less.size):
        if less[i] > -1.0:
            log_lam[i] = max(np.log1p(less[i]), _GONE)
        else:
            sign[i] = -1.0
            log_lam[i] = max(np.log(-1.0 - less[i]), _GONE) if less[i] < -1.0 else _GONE
    return Factors(log_lam, sign)


@njit
def powers(lam: Factors, k: int, out: np.ndarray) -> None:
    """Set `out` (r,) to lam^k."""
    log_lam, sign = lam.log_lam, lam.sign
    for i in range(log_lam.size):
        exponent = k * log_lam[i]
        size = np.exp(exponent) if exponent > DEAD else 0.0
        out[i] = -size if sign[i] < 0 and k % 2 == 1 else size


@njit
def set_value_at(v: Affine, lam: Factors, k: int, out: np.ndarray) -> None:
    """Set `out` (m,) to `v(k)`."""
    at = np.empty(lam.log_lam.size)
    powers(lam, k, at)
    np.dot(v.modes, at, out)
    for j in range(out.size):
        out[j] += v.base[j] + k * v.drift[j]


@kernel
def value_at(v: Affine, lam: Factors, k: int) -> np.ndarray:
    """Return `v(k)`, shape (m,)."""
    out = np.empty(v.base.size)
    set_value_at(v, lam, k, out)
    return out


@njit(fastmath={"reassoc", "contract", "nsz"})
def _norm(base: np.ndarray, drift: np.ndarray, modes: np.ndarray, at: np.ndarray, k: int) -> float:
    total = 0.0
    for j in range(base.size):
        value = base[j] + k * drift[j]
        for i in range(at.size):
            value += modes[j, i] * at[i]
        total += value * value
    return np.sqrt(total)


@njit
def norm(v: Affine, at: np.ndarray, k: int) -> float:
    """Return ||v(k)||, `at` being lam^k."""
    return _norm(v.base, v.drift, v.modes, at, k)


@njit
def speed(drift: float, step: np.ndarray, at: np.ndarray) -> float:
    """Return a bound on how far a quantity moves in a step, from lam^k = `at` on and ever after.

    `drift` is the norm of its drift, `step` (r,) how far each mode moves it in the segment's first step.
    """
    total = 0.0
    for i in range(step.size):
        total += (step[i] * at[i]) ** 2
    return drift + np.sqrt(total)


@njit
def steps_within(gap: float, rate: float) -> int:
    """Return how many steps at a speed certainly stay within a gap."""
    if gap <= 0.0:
        return 0
    if rate * 4e18 <= gap:
        return NO_STEP
    return int(gap / rate * _STRICT)
