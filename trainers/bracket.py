"""First passage of an error that is looked at now and then: a crossing lies between the last look and the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grokscale.trainers.passage import NEVER, Passage
from grokscale.trainers.trial import Censoring, Crossing


class Bracketed(Passage):
    """A passage that is fed at looks alone, which differ from column to column.

    Attributes:
        looked: step of each column's last look, shape (columns,).
        before: the look before that at which a level was first found crossed, shape (levels, columns).
    """

    def __init__(self, levels: Sequence[float], columns: int, worth: int = 1, measures: Sequence[str] = ()) -> None:
        super().__init__(levels, columns, worth, measures)
        self.looked = np.full(columns, NEVER, dtype=np.int64)
        self.before = np.full_like(self.first, NEVER)

    def see(self, step: int, error: np.ndarray) -> bool:
        """Take in the error (columns,) of every column; return whether one crossed a level."""
        return self.look(step, error, np.ones(self.looked.size, dtype=bool))

    def look(self, step: int, error: np.ndarray, columns: np.ndarray) -> bool:
        """Take in the error (columns,) of some columns, a mask; return whether one crossed a level."""
        ahead = self.first == NEVER
        # what is not looked at is as far as it was
        below = np.where(columns, error <= self.levels, self.below)
        crossed = self.see_below(step, below)
        self.before = np.where(ahead & (self.first != NEVER), self.looked, self.before)
        self.looked[columns] = step
        return crossed

    def ahead(self, error: np.ndarray) -> np.ndarray:
        """Return which columns an error (columns,) takes to the first level for the first time, shape (columns,)."""
        return (self.first[0] == NEVER) & (error <= self.levels[0])

    def resolve(self, step: int, seen: Passage) -> None:
        """Put in place of the bracket that ends at `step` what was seen of the first level on the way there."""
        new = np.flatnonzero((self.first[0] == step) & (seen.first[0] != NEVER))
        self.first[0, new], self.since[0, new] = seen.first[0, new], seen.since[0, new]
        self.before[0, new] = self.first[0, new] - 1
        self.reached.values[:, new] = seen.reached.values[:, new]

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        super().keep(columns)
        self.looked, self.before = self.looked[columns], self.before.take(columns, axis=1)

    def crossing(self, level: int, column: int, step: int, missed: Censoring = "right") -> Crossing:
        """Return one crossing as known at `step`: to the step where both steps beside it were looked at."""
        found = super().crossing(level, column, step, missed)
        before = int(self.before[level, column])
        if found.step is None or found.step - before == 1:
            return found
        return replace(found, step=None, lower=before, censoring="interval")

    def state(self) -> dict[str, Any]:
        """Return what `load` needs."""
        return {**super().state(), "looks": (self.looked, self.before)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        super().load(state)
        self.looked, self.before = (steps.copy() for steps in state["looks"])
