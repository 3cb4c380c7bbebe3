"""The maximum of a concave function by damped Newton steps; of a batch of functions at once where points have one.

A Newton step leads to the maximum of the expansion to second order. It is halved until the function grows by at least a
ten-thousandth of what its slope promises (Armijo's rule). The distance to the maximum is measured in standard errors,
sqrt(gradient . step). A climb ends where that is below 1e-9, where it is below 1e-6 and a step no longer halves it
(Newton's steps square it, so that what is left is rounding), or where no part of a step leads up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from grokscale.studies.laws.likelihood.noise import Floats

Numbers = Floats | np.float64
"""One a function of a batch, or one."""
AT_MAXIMUM = 1e-6
"""Distance below which a search counts as converged."""
_CLOSE = 1e-9
_SUFFICIENT = 1e-4
_NEAR = 0.1
"""Distance within which a full step is right, and a gain that rounding hides is not asked for."""
_ROUNDING = 1e-9
"""Of a value, relative to it, or to 1."""


class Expansion(Protocol):
    """A concave function to second order at a point."""

    @property
    def point(self) -> Floats:
        """Where, shape (..., q)."""
        ...

    @property
    def value(self) -> Numbers:
        """Of the function, shape (...)."""
        ...

    def newton(self) -> tuple[Floats, Numbers]:
        """Return the Newton step, shape (..., q), and sqrt(gradient . step), shape (...)."""
        ...

    def longest(self, step: Floats) -> Numbers:
        """Return the greatest part of a step that may be taken, in (0, 1], shape (...)."""
        ...

    def at(self, point: Floats) -> Self:
        """Return the expansion at another point."""
        ...


E = TypeVar("E", bound=Expansion)


@dataclass(frozen=True, slots=True)
class Reached(Generic[E]):
    """Where a climb has come to.

    Attributes:
        here: the function there.
        distance: to the maximum, in standard errors, shape (...).
        iterations: steps taken.
    """

    here: E
    distance: Numbers
    iterations: int


def climb(
    start: E, *, most_steps: int = 100, shortest: float = 2.0**-30, until: Callable[[E], bool] | None = None
) -> Reached[E]:
    """Climb to the maximum.

    Args:
        start: where to begin.
        most_steps: Newton steps at most.
        shortest: part of the longest step below which halving ends.
        until: says that the climb may end where it is; None: nothing does.
    """
    here = start
    ended = np.zeros(np.shape(here.value), dtype=bool)
    before = np.full(ended.shape, np.inf)
    for iteration in range(most_steps):
        step, distance = here.newton()
        ended = ended | (distance < _CLOSE) | ((distance < AT_MAXIMUM) & (distance > before / 2))
        if ended.all() or (until is not None and until(here)):
            return Reached(here, distance, iteration)
        there, length = _upwards(here, step, np.where(ended, 0.0, here.longest(step)), distance, shortest)
        ended = ended | (length == 0)
        if ended.all():
            return Reached(here, distance, iteration)
        here, before = there, distance
    return Reached(here, here.newton()[1], most_steps)


def _upwards(here: E, step: Floats, length: Floats, distance: Numbers, shortest: float) -> tuple[E, Floats]:
    """Return the function after so much of a step as leads up, and that part of it: 0 where none does."""
    least = shortest * length
    rounding = np.where(distance < _NEAR, _ROUNDING * (1 + np.abs(here.value)), -np.inf)
    while length.any():
        there = here.at(here.point + length[..., None] * step)
        gain = there.value - here.value
        up = (gain >= _SUFFICIENT * length * distance**2) | (gain >= -rounding) | (length == 0)
        if up.all():
            return there, length
        length = np.where(up, length, length / 2)
        length = np.where(length < least, 0.0, length)
    return here, length
