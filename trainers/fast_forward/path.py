"""A whole run as pieces: plain steps where events are dense, segments everywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trainers.fast_forward import kernels
from trainers.fast_forward.decomposition import Held
from trainers.fast_forward.kernels import Track
from trainers.fast_forward.segment import Descent, Segment

WORTH = 32
"""Steps that a segment has to be long: making one costs about as much as so many plain steps."""
_LONGEST_BURST = 1024


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
        return np.concatenate([self.a[None], _stepped(self.descent, self.a, self.last)])

    def iterate(self, k: int) -> np.ndarray:
        """Return the iterate after `k` steps, shape (n,)."""
        return self.states[k]

    def iterates(self, ks: np.ndarray) -> np.ndarray:
        """Return the iterates after `ks` (m,) steps, shape (m, n)."""
        return self.states[ks]

    def follow(
        self, train: Track, test: Track, a_star: np.ndarray, scales: tuple[float, float], last: int
    ) -> tuple[float, float]:
        """Follow both errors over their levels up to `last` steps after `start`.

        Args:
            train: levels of the train error, updated in place.
            test: those of the test error.
            a_star: ground truth, shape (n,).
            scales: ||y|| and ||a*||.
            last: how far.

        Returns:
            Between what the test error stays.
        """
        residuals = self.states[: last + 1] @ self.descent.X.T - self.descent.y
        kernels.see_all(np.linalg.norm(residuals, axis=1) / scales[0], self.start, train)
        errors = np.linalg.norm(self.states - a_star, axis=1) / scales[1]
        kernels.see_all(errors[: last + 1], self.start, test)
        return float(errors.min()), float(errors.max())

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
    """A segment, from the iterate `a` (n,) at the step `start`, and the steps for which it holds."""

    descent: Descent
    start: int
    a: np.ndarray
    last: int

    @cached_property
    def segment(self) -> Segment:
        """The segment; made again, to rounding, where it is not at hand."""
        return Segment.of(self.descent, self.start, self.a)

    def light(self) -> Leap:
        """See `Stretch`: a segment holds some (n, r) arrays."""
        return Leap(self.descent, self.start, self.a, self.last)

    def iterate(self, k: int) -> np.ndarray:
        """Return the iterate after `k` steps, shape (n,)."""
        return self.segment.iterate_at(k)

    def iterates(self, ks: np.ndarray) -> np.ndarray:
        """Return the iterates after `ks` (m,) steps, shape (m, n)."""
        return self.segment.iterates(ks)

    def follow(
        self, train: Track, test: Track, a_star: np.ndarray, scales: tuple[float, float], last: int
    ) -> tuple[float, float]:
        """See `Stretch`."""
        s, a, r = self.segment, self.segment.iterate, self.segment.residual
        parts = (a.base, a.drift, a.modes), (r.base, r.modes), (s.log_lam, s.sign), s.steps
        return kernels.follow(*parts, a_star, scales, (self.start, last, self.last), train, test)

    def overtaken(self) -> int:
        """See `Stretch`."""
        s, d = self.segment, self.segment.descent
        pull = d.beta1 * s.signs + d.beta2 * s.iterate.base, d.beta2 * s.iterate.drift, d.beta2 * s.iterate.modes
        gradient = s.gradient.base, s.gradient.modes
        # ||X^T X (a(k+1) - a(k))|| <= sigma_max ||X (a(k+1) - a(k))||
        speeds = d.beta2 * s.speed[0], d.largest * s.steps[1] + d.beta2 * s.steps[0]
        return int(kernels.first_overtaken(pull, gradient, s.log_lam, s.sign, speeds, self.last))

    def within(self, a_star: np.ndarray, scale: float, band: tuple[float, float], k: int, every: int, last: int) -> int:
        """See `Stretch`."""
        s, a = self.segment, self.segment.iterate
        logs = s.log_lam, s.sign
        base = a.base - a_star
        return int(kernels.first_within(base, a.drift, a.modes, *logs, s.speed, scale, band, k, every, last))


Piece = Stretch | Leap


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

    def next(self) -> Piece:
        """Return the next piece and go to its end; there is one while its start lies within the limit."""
        d, (a, start, burst, held) = self._descent, self.at
        segment = Segment.of(d, start, a, held)
        last = segment.length(self._limit - start)
        if last >= WORTH or start + last == self._limit:
            leap = Leap(d, start, a, last)
            leap.__dict__["segment"] = segment
            self.at = _stepped(d, segment.iterate_at(last), 1)[0], start + last + 1, WORTH, segment.held
            return leap
        # memorisation, with an event every few steps
        stretch = Stretch(d, start, a, min(burst, self._limit - start + 1) - 1)
        burst = min(2 * burst, _LONGEST_BURST)
        self.at = _stepped(d, stretch.states[-1], 1)[0], start + stretch.last + 1, burst, segment.held
        return stretch


def piece(descent: Descent, word: str, start: int, a: np.ndarray, last: int) -> Piece:
    """Return a piece from its `state`."""
    return (Leap if word == "leap" else Stretch)(descent, start, a, last)


def state(one: Piece) -> tuple[str, int, np.ndarray, int]:
    """Return what `piece` needs."""
    return "leap" if isinstance(one, Leap) else "stretch", one.start, one.a, one.last


def _stepped(d: Descent, a: np.ndarray, steps: int) -> np.ndarray:
    return kernels.shrink_steps(d.X, d.y, a, d.alpha, d.beta1, d.beta2, steps)
