"""Compiled: errors followed over their levels along a segment or over plain steps, missing no crossing."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from grokscale.trainers.compiled import kernel, njit
from grokscale.trainers.levels import ROUNDING, see
from grokscale.trainers.passage import Passage
from grokscale.trainers.tasks.sparse_recovery.fast_forward.modes import (
    Affine,
    Factors,
    norm,
    powers,
    speed,
    steps_within,
)


class Track(NamedTuple):
    """The levels of an error (levels,), and what is known of them: arrays of a `Passage` of one column (levels, 1)."""

    levels: np.ndarray
    below: np.ndarray
    first: np.ndarray
    since: np.ndarray

    @classmethod
    def of(cls, passage: Passage) -> Track:
        """Return a passage's arrays, to be updated in place."""
        return cls(passage.levels[:, 0], passage.below, passage.first, passage.since)


class Watched(NamedTuple):
    """What is looked at on the way.

    Attributes:
        a_star: ground truth, shape (n,).
        end: where training ends, shape (n,); NaN where it is not known.
        scales: ||y|| and ||a*||.
        train, test: levels of the train and the test error, updated in place.
    """

    a_star: np.ndarray
    end: np.ndarray
    scales: tuple[float, float]
    train: Track
    test: Track


@njit
def follow(
    watched: Watched,
    iterate: Affine,
    residual: Affine,
    lam: Factors,
    steps: tuple[np.ndarray, np.ndarray],
    span: tuple[int, int, int],
) -> tuple[float, float]:
    """Follow both errors along a segment; return between what the test error stays.

    Args:
        watched: what is looked at.
        iterate: a.
        residual: X a - y.
        lam: the modes' factors.
        steps: norms of the modes' movement in the first step, of iterate and residual.
        span: the step at which the segment begins, for how many it is followed, and how many it holds.
    """
    start, last, whole = span
    base, drifting, scale = iterate.base.copy(), float(np.linalg.norm(iterate.drift)), watched.scales[1]
    for j in range(base.size):
        base[j] -= watched.a_star[j]
    off = Affine(base, iterate.drift, iterate.modes)
    _pass(residual, lam, (0.0, steps[1]), watched.scales[0], start, last, watched.train)
    _pass(off, lam, (drifting, steps[0]), scale, start, last, watched.test)
    at_start, reach = norm(off, np.ones(lam.log_lam.size), 0), 0.0
    for i in range(lam.log_lam.size):
        # a mode moves by 1 - lam of itself in the first step, and in all by itself or, where it alternates, twice that
        less = -np.expm1(lam.log_lam[i])
        most = (2.0 if lam.sign[i] < 0 else 1.0) / less if less > 0.0 else np.inf
        reach += (steps[0][i] * min(most, float(whole))) ** 2
    reach = whole * drifting + np.sqrt(reach)
    return (at_start - reach) / scale, (at_start + reach) / scale


@njit
def _pass(
    v: Affine, lam: Factors, speeds: tuple[float, np.ndarray], scale: float, start: int, last: int, track: Track
) -> None:
    """Follow the error `||v(k)|| / scale` for k in [0, last]; `speeds`: see `speed`."""
    at = np.empty(lam.log_lam.size)
    k = 0
    while k <= last:
        powers(lam, k, at)
        error = norm(v, at, k) / scale
        gap = see(error, start + k, 0, track.levels, track.below, track.first, track.since)
        safe = steps_within(gap - ROUNDING * (1.0 + error), speed(speeds[0], speeds[1], at) / scale)
        if safe > last - k:
            return
        k += 1 + safe


@kernel(fastmath={"reassoc", "contract", "nsz"})
def distance(x: np.ndarray, y: np.ndarray) -> float:
    """Return ||x - y||; NaN where there is one in either."""
    square = 0.0
    for j in range(x.size):
        square += (x[j] - y[j]) ** 2
    return math.sqrt(square)


@kernel
def follow_states(
    watched: Watched, states: np.ndarray, Xt: np.ndarray, y: np.ndarray, start: int, last: int
) -> tuple[float, float]:
    """Follow both errors over plain steps, `states` (steps, n), up to `last` after `start`; see `follow`."""
    fitted, (train, test) = np.dot(states[: last + 1], Xt), (watched.train, watched.test)
    low, high = np.inf, 0.0
    for k in range(states.shape[0]):
        error = distance(states[k], watched.a_star) / watched.scales[1]
        low, high = min(low, error), max(high, error)
        if k <= last:
            see(error, start + k, 0, test.levels, test.below, test.first, test.since)
            error = distance(fitted[k], y) / watched.scales[0]
            see(error, start + k, 0, train.levels, train.below, train.first, train.since)
    return low, high


@kernel
def first_overtaken(pull: Affine, gradient: Affine, lam: Factors, speeds: tuple[float, np.ndarray], last: int) -> int:
    """Return the first k in [0, last] at which the norm of the pull is at least that of the gradient, else `last + 1`.

    `pull` is beta H, `gradient` is G; `speeds` bound the movement of both, see `speed`.
    """
    at = np.empty(lam.log_lam.size)
    k = 0
    while k <= last:
        powers(lam, k, at)
        gap = norm(gradient, at, k) - norm(pull, at, k)
        if gap <= 0.0:
            return k
        safe = steps_within(gap, speed(speeds[0], speeds[1], at))
        if safe > last - k:
            return last + 1
        k += 1 + safe
    return last + 1


@kernel
def first_within(
    v: Affine,
    lam: Factors,
    speeds: tuple[float, np.ndarray],
    scale: float,
    band: tuple[float, float],
    k: int,
    every: int,
    last: int,
) -> int:
    """Return the first of k, k + every, ... up to `last` at which `||v|| / scale` lies in a band, else `last + 1`."""
    at = np.empty(lam.log_lam.size)
    while k <= last:
        powers(lam, k, at)
        error = norm(v, at, k) / scale
        gap = max(error - band[1], band[0] - error)
        if gap <= 0.0:
            return k
        safe = steps_within(gap - ROUNDING * (1.0 + error), speed(speeds[0], speeds[1], at) / scale)
        if safe > last - k:
            return last + 1
        k += every * (1 + safe // every)
    return last + 1
