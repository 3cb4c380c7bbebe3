"""First passage: when an error first came to or below each of several levels, and since when it has stayed there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from trainers.tasks.base import Speed
from trainers.trial import Censoring, Crossing

NEVER = -1
_ROUNDING = 1e-12
"""Slack of a certificate, relative to the error: a bound that holds in exact arithmetic may fail by rounding."""
_LONGEST = 2**53
_BLIND = 32


class Passage:
    """Crossings of one error for all live columns.

    Fed with the error at every step at which it could have crossed a level; `safe` says how many steps may be left out.

    Args:
        levels: thresholds, in any order.
        columns: number of columns.
        worth: steps that `plan` has to leave out for it to leave any out.
    """

    def __init__(self, levels: Sequence[float], columns: int, worth: int = 1) -> None:
        self._worth = worth
        self.levels = np.asarray(levels, dtype=np.float64)[:, None]
        self.first = np.full((len(levels), columns), NEVER, dtype=np.int64)
        self.since = np.full((len(levels), columns), NEVER, dtype=np.int64)
        self.due = 0
        self.below = np.zeros((len(levels), columns), dtype=bool)
        self._blind = 0  # looks left before a plan is tried again

    def see(self, step: int, error: np.ndarray) -> bool:
        """Take in the error (columns,) at a step; return whether it crossed a level anywhere."""
        below = error <= self.levels
        if np.array_equal(below, self.below):
            return False
        self.first[below & (self.first == NEVER)] = step
        self.since = np.where(below, np.where(self.below, self.since, step), NEVER)
        self.below = below
        return True

    def follow(self, start: int, errors: np.ndarray) -> bool:
        """Take in the errors (steps, columns) of the steps from `start` on; return whether one crossed a level."""
        below = errors[:, None, :] <= self.levels
        before = np.concatenate([self.below[None], below[:-1]])
        crossing = np.flatnonzero((below != before).any(axis=(1, 2)))
        for i in crossing:
            self.see(start + int(i), errors[i])
        return crossing.size > 0

    @property
    def dense(self) -> bool:
        """Whether every step has to be seen for now."""
        return self._blind > 0

    def plan(self, step: int, error: np.ndarray, speed: Callable[[], Speed]) -> None:
        """Set `due`, the next step at which some column might have crossed some level, up or down.

        Where the bound allows no step to be left out it is not asked again for a while: it costs as much as a look.
        """
        self.due = step + 1
        if self._blind:
            self._blind -= 1
            return
        bound = speed()
        gap = np.min(np.abs(error - self.levels), axis=0) - _ROUNDING * (1 + error)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            safe = np.floor((gap - bound.start) / bound.rate)
        skip = int(np.clip(np.min(np.where(np.isnan(safe), 0, safe), initial=np.inf), 0, _LONGEST))
        dense = skip < self._worth
        self.due += 0 if dense else skip
        self._blind = _BLIND if dense else 0

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        self.first, self.since = self.first[:, columns], self.since[:, columns]
        self.below = self.below[:, columns]

    def crossing(self, level: int, column: int, step: int, missed: Censoring = "right") -> Crossing:
        """Return one crossing as known at `step`; `missed` says why there is none."""
        first, since = int(self.first[level, column]), int(self.since[level, column])
        if first == NEVER:
            return Crossing(step=None, lower=step, upper=None, censoring=missed)
        censoring: Censoring = "left" if first == 0 else "exact"
        return Crossing(first, first - 1, first, censoring, stayed=None if since == NEVER else since)

    def state(self) -> dict[str, Any]:
        """Return what `load` needs."""
        return {"first": self.first, "since": self.since, "below": self.below, "due": (self.due, self._blind)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        self.first, self.since, self.below = state["first"], state["since"], state["below"]
        self.due, self._blind = state["due"]
