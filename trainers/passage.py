"""First passage: when an error first came to or below each of several levels, and since when it has stayed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainers.tasks.base import Speed
from trainers.trial import Censoring, Crossing

NEVER = -1
_ROUNDING = 1e-12
"""Slack of a certificate, relative to the error: a bound that holds in exact arithmetic may fail by rounding."""


class Passage:
    """Crossings of one error for all live columns.

    Fed with the error at every step at which it could have crossed a level; `safe` says how many steps may be left out.

    Args:
        levels: thresholds, in any order.
        columns: number of columns.
    """

    def __init__(self, levels: Sequence[float], columns: int) -> None:
        self.levels = np.asarray(levels, dtype=np.float64)[:, None]
        self.first = np.full((len(levels), columns), NEVER, dtype=np.int64)
        self.since = np.full((len(levels), columns), NEVER, dtype=np.int64)
        self.due = 0

    def see(self, step: int, error: np.ndarray) -> None:
        """Take in the error (columns,) at a step."""
        below = error <= self.levels
        self.first = np.where(below & (self.first == NEVER), step, self.first)
        self.since = np.where(below, np.where(self.since == NEVER, step, self.since), NEVER)

    def plan(self, step: int, error: np.ndarray, speed: Speed) -> None:
        """Set `due`, the next step at which some column might have crossed some level, up or down."""
        gap = np.min(np.abs(error - self.levels), axis=0) - _ROUNDING * (1 + error)
        with np.errstate(divide="ignore", invalid="ignore"):
            safe = np.floor((gap - speed.start) / speed.rate)
        safe = np.where(np.isnan(safe), 0, safe)
        self.due = step + 1 + int(np.clip(np.min(safe, initial=np.inf), 0, 2**53))

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        self.first, self.since = self.first[:, columns], self.since[:, columns]

    def crossing(self, level: int, column: int, step: int, missed: Censoring = "right") -> Crossing:
        """Return one crossing as known at `step`; `missed` says why there is none."""
        first, since = int(self.first[level, column]), int(self.since[level, column])
        if first == NEVER:
            return Crossing(step=None, lower=step, upper=None, censoring=missed)
        censoring: Censoring = "left" if first == 0 else "exact"
        return Crossing(first, first - 1, first, censoring, stayed=None if since == NEVER else since)

    def state(self) -> dict[str, Any]:
        """Return what `load` needs."""
        return {"first": self.first, "since": self.since, "due": self.due}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        self.first, self.since, self.due = state["first"], state["since"], state["due"]
