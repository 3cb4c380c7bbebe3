"""A whole run as pieces: plain steps where events are dense, segments everywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from grokscale.trainers.compiled import kernel
from grokscale.trainers.schedule import CURVE, curve_until
from grokscale.trainers.tasks.sparse_recovery.fast_forward.decomposition import Held
from grokscale.trainers.tasks.sparse_recovery.fast_forward.events import active_set_ends
from grokscale.trainers.tasks.sparse_recovery.fast_forward.looks import (
    Watched,
    distance,
    first_overtaken,
    first_within,
    follow,
    follow_states,
)
from grokscale.trainers.tasks.sparse_recovery.fast_forward.modes import Affine, set_value_at, value_at
from grokscale.trainers.tasks.sparse_recovery.fast_forward.segment import (
    Descent,
    Segment,
    Terms,
    segment_at,
    shrink_steps,
    speed,
)

WORTH = 32
"""Steps that a segment has to be long: making one costs about as much as so many plain steps."""
_LONGEST_BURST = 1024


class Look(NamedTuple):
    """What was seen of a piece on the way.

    Attributes:
        bounds: between what the test error stays.
        distance: ||a - end|| at its last step.
        curve: iterates at the steps of the curve's grid, shape (steps, n).
    """

    bounds: tuple[float, float]
    distance: float
    curve: np.ndarray


@dataclass(frozen=True)
class Stretch:
    """Plain steps, from the iterate `a` (n,) at the step `start` to `last` steps after it, inclusive."""

    descent: Descent
    start: int
    a: np.ndarray
    last: int

    @cached_property
    def states(self) -> np.ndarray:
        """The iterates, shape (last + 1, n); made again, digit for digit, where they are not at hand."""
        return np.concatenate([self.a[None], shrink_steps(self.descent.terms, self.a, self.last)])

    def iterate(self, k: int) -> np.ndarray:
        """Return the iterate after `k` steps, shape (n,)."""
        return self.states[k]

    def look(self, watched: Watched, seen: int, last: int) -> Look:
        """Follow both errors over their levels up to `last` steps after `start`.

        Args:
            watched: what is looked at; its levels are updated in place.
            seen: steps of the curve's grid that were seen before.
            last: how far.
        """
        terms, until = self.descent.terms, max(seen, curve_until(self.start + last))
        bounds = follow_states(watched, self.states, terms.Xt, terms.y, self.start, last)
        curve = self.states[CURVE[seen:until] - self.start]
        return Look(bounds, distance(self.states[-1], watched.end), curve)

    def light(self) -> Stretch:
        """Return the same, without what can be made again."""
        return Stretch(self.descent, self.start, self.a, self.last)

    def overtaken(self) -> int:
        """Return the first k at which beta ||H|| >= ||G||, else `last + 1`."""
        d = self.descent
        gradients = (self.states @ d.X.T - d.y) @ d.X
        pulls = d.beta1 * np.sign(self.states) + d.beta2 * self.states
        over = np.linalg.norm(pulls, axis=1) >= np.linalg.norm(gradients, axis=1)
        return int(np.argmax(over)) if over.any() else self.last + 1

    def within(self, a_star: np.ndarray, scale: float, band: tuple[float, float], k: int, every: int, last: int) -> int:
        """Return the first of k, k + every, ..., `last` at which the test error lies in a band, else `last + 1`."""
        ks = np.arange(k, last + 1, every)
        errors = np.linalg.norm(self.states[ks] - a_star, axis=1) / scale
        hits = np.flatnonzero((errors >= band[0]) & (errors <= band[1]))
        return int(ks[hits[0]]) if hits.size else last + 1


@dataclass(frozen=True)
class Leap:
    """A segment, from the iterate `a` (n,) at the step `start`, and the steps for which it holds.

    `held` is the decomposition that it was made from; None: it is made again without, to rounding.
    """

    descent: Descent
    start: int
    a: np.ndarray
    last: int
    held: Held | None = None

    @cached_property
    def segment(self) -> Segment:
        """The segment, made again."""
        held = Held.begin(*self.descent.X.shape) if self.held is None else self.held
        return segment_at(self.descent.terms, self.a, held)[1]

    def light(self) -> Leap:
        """See `Stretch`: a segment holds some (n, r) arrays."""
        return Leap(self.descent, self.start, self.a, self.last)

    def iterate(self, k: int) -> np.ndarray:
        """Return the iterate after `k` steps, shape (n,)."""
        return value_at(self.segment.iterate, self.segment.lam, k)

    def look(self, watched: Watched, seen: int, last: int) -> Look:
        """See `Stretch`."""
        return Look(*look_along(self.segment, watched, CURVE, seen, (self.start, last, self.last)))

    def overtaken(self) -> int:
        """See `Stretch`."""
        s, d = self.segment, self.descent
        a = s.iterate
        pull = Affine(d.beta1 * s.signs + d.beta2 * a.base, d.beta2 * a.drift, d.beta2 * a.modes)
        # ||X^T X (a(k+1) - a(k))|| <= sigma_max ||X (a(k+1) - a(k))||
        speeds = d.beta2 * speed(s)[0], d.largest * s.steps[1] + d.beta2 * s.steps[0]
        return int(first_overtaken(pull, s.gradient, s.lam, speeds, self.last))

    def within(self, a_star: np.ndarray, scale: float, band: tuple[float, float], k: int, every: int, last: int) -> int:
        """See `Stretch`."""
        s, a = self.segment, self.segment.iterate
        off = Affine(a.base - a_star, a.drift, a.modes)
        return int(first_within(off, s.lam, speed(s), scale, band, k, every, last))


Piece = Stretch | Leap


@kernel
def look_along(
    segment: Segment, watched: Watched, curve: np.ndarray, seen: int, span: tuple[int, int, int]
) -> tuple[tuple[float, float], float, np.ndarray]:
    """See `Look`; `span` as `follow` has it, `curve` the curve's grid and `seen` how much of it was seen before."""
    start, last, whole = span
    iterate, lam = segment.iterate, segment.lam
    bounds = follow(watched, iterate, segment.residual, lam, segment.steps, span)
    until = seen
    while curve[until] <= start + last:
        until += 1
    rows = np.empty((until - seen, iterate.base.size))
    for i in range(until - seen):
        set_value_at(iterate, lam, curve[seen + i] - start, rows[i])
    return bounds, distance(value_at(iterate, lam, whole), watched.end), rows


@kernel
def leap_from(
    terms: Terms, a: np.ndarray, held: Held, watched: Watched, curve: np.ndarray, seen: int, at: tuple[int, int, int]
) -> tuple[Held, int, np.ndarray, tuple[float, float], float, np.ndarray]:
    """Take the segment from the iterate `a` on, if it is worth it.

    Args:
        terms: what is descended.
        a: the iterate.
        held: decomposition to go on from.
        watched: what is looked at.
        curve: the curve's grid.
        seen: how much of it was seen before.
        at: step of `a`, the step up to which errors are followed, and the last step there may be.

    Returns:
        Decomposition; steps for which the segment holds, -1 where it is not worth it; the iterate thereafter; `Look`.
    """
    start, end, limit = at
    held, segment = segment_at(terms, a, held)
    last = limit - start
    if terms.beta1 > 0:
        last = active_set_ends(terms.beta1, segment.signs, segment.iterate, segment.gradient, segment.lam, last) - 1
    if last < WORTH and start + last != limit:
        return held, -1, a, (0.0, 0.0), 0.0, np.empty((0, a.size))
    after = shrink_steps(terms, value_at(segment.iterate, segment.lam, last), 1)[0]
    bounds, away, rows = look_along(segment, watched, curve, seen, (start, min(last, end - start), last))
    return held, last, after, bounds, away, rows


class Path:
    """The run from one iterate on, piece after piece.

    Args:
        descent: what is descended.
        a: iterate, shape (n,), at the step `start`.
        limit: the last step.
        burst: how many plain steps are taken at once where events are dense.
        held: decomposition at an iterate before; None: there was none.
    """

    def __init__(
        self, descent: Descent, a: np.ndarray, start: int, limit: int, burst: int = WORTH, held: Held | None = None
    ) -> None:
        self._descent, self._limit = descent, limit
        self.at = a, start, burst, Held.begin(*descent.X.shape) if held is None else held
        """What the next piece begins with: the same arguments lead to the same path."""

    def next(self, watched: Watched, seen: int, end: int) -> tuple[Piece, Look]:
        """Return the next piece, looked at up to the step `end`, and go to its end; it has to start within the limit.

        `watched` and `seen`: see `Stretch.look`.
        """
        d, (a, start, burst, before) = self._descent, self.at
        at = start, end, self._limit
        held, last, after, bounds, away, curve = leap_from(d.terms, a, before, watched, CURVE, seen, at)
        if last >= 0:
            self.at = after, start + last + 1, WORTH, held
            return Leap(d, start, a, last, before), Look(bounds, away, curve)
        # memorisation, with an event every few steps
        stretch = Stretch(d, start, a, min(burst, self._limit - start + 1) - 1)
        after = shrink_steps(d.terms, stretch.states[-1], 1)[0]
        self.at = after, start + stretch.last + 1, min(2 * burst, _LONGEST_BURST), held
        return stretch, stretch.look(watched, seen, min(stretch.last, end - start))


def piece(descent: Descent, word: str, start: int, a: np.ndarray, last: int) -> Piece:
    """Return a piece from its `state`."""
    return (Leap if word == "leap" else Stretch)(descent, start, a, last)


def state(one: Piece) -> tuple[str, int, np.ndarray, int]:
    """Return what `piece` needs."""
    return "leap" if isinstance(one, Leap) else "stretch", one.start, one.a, one.last
