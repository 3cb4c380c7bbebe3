"""First passage: when an error first came to or below each of several levels, and since when it has stayed there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grokscale.trainers.levels import Tracks, plan_all
from grokscale.trainers.points import Points
from grokscale.trainers.trial import Censoring, Crossing

if TYPE_CHECKING:
    from grokscale.trainers.task import Certified, Problem, Speed

NEVER = -1


class Passage:
    """Crossings of one error for all live columns.

    Fed with a column's error at every step at which it could have crossed a level: `due` says which is the next.

    Args:
        levels: thresholds, in any order.
        columns: number of columns.
        worth: steps that `plan` has to leave out for it to leave any out.
        measures: names of what is kept where a column first comes to the first level.

    Attributes:
        reached: the error points there; whoever feeds the passage sets them, by `mark` or itself.
    """

    def __init__(self, levels: Sequence[float], columns: int, worth: int = 1, measures: Sequence[str] = ()) -> None:
        self._worth = worth
        self.reached = Points(measures, columns)
        self.levels = np.asarray(levels, dtype=np.float64)[:, None]
        self.first = np.full((len(levels), columns), NEVER, dtype=np.int64)
        self.since = np.full((len(levels), columns), NEVER, dtype=np.int64)
        self.below = np.zeros((len(levels), columns), dtype=bool)
        self.due = np.zeros(columns, dtype=np.int64)
        self._asks = np.zeros(columns, dtype=np.int64)  # the step from which a column may be planned anew

    def see(self, step: int, error: np.ndarray) -> bool:
        """Take in the error (columns,) at a step; return whether it crossed a level anywhere."""
        return self.see_below(step, error <= self.levels)

    def see_below(self, step: int, below: np.ndarray) -> bool:
        """Take in at which levels or below each column is at a step, shape (levels, columns); return as `see` does."""
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

    def mark(self, step: int, problem: Problem) -> None:
        """Keep the error points of the columns that have come to the first level just now, at `step`."""
        new = np.flatnonzero(self.first[0] == step)
        if new.size:
            measured = {name: values[new] for name, values in problem.measures().items()}
            self.reached.put(new, step, problem.test_error()[new], measured)

    def dense_until(self, step: int) -> int:
        """Return the step up to which some column has to be seen at each, `step` itself where there is none."""
        dense = self.due <= step
        return max(step, int(self._asks[dense].max(initial=step)))

    @property
    def tracks(self) -> Tracks:
        """The arrays, for compiled loops to update in place."""
        return Tracks(self.levels.ravel(), self.first, self.since, self.below, self.due, self._asks, self._worth)

    def plan(self, step: int, error: np.ndarray, speed: Callable[[], Speed]) -> None:
        """Set `due`, the next step at which each column might have crossed some level, up or down.

        Where the bound allows no step to be left out it is not asked again for a while: it costs as much as a look.
        """
        if step < self._asks.min():
            return
        bound = speed()
        plan_all(self.tracks, step, error, bound.start, bound.rate)

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        self.first, self.since = self.first.take(columns, axis=1), self.since.take(columns, axis=1)
        self.below = self.below.take(columns, axis=1)
        self.due, self._asks = self.due[columns], self._asks[columns]
        self.reached.keep(columns)

    def crossing(self, level: int, column: int, step: int, missed: Censoring = "right") -> Crossing:
        """Return one crossing as known at `step`; `missed` says why there is none."""
        first, since = int(self.first[level, column]), int(self.since[level, column])
        if first == NEVER:
            return Crossing(step=None, lower=step, upper=None, censoring=missed)
        censoring: Censoring = "left" if first == 0 else "exact"
        return Crossing(first, first - 1, first, censoring, stayed=None if since == NEVER else since)

    def state(self) -> dict[str, Any]:
        """Return what `load` needs."""
        return {
            "first": self.first,
            "since": self.since,
            "below": self.below,
            "due": (self.due, self._asks),
            "reached": self.reached.values,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        self.first, self.since, self.below = (state[name].copy() for name in ("first", "since", "below"))
        self.due, self._asks = (steps.copy() for steps in state["due"])
        self.reached.values = state["reached"].copy()


def walk(problem: Certified, step: int, k: int, train: Passage, test: Passage) -> bool:
    """Take `k` steps from `step` on as `Certified.walk` has to, by what its other functions do: all look at once."""
    last, finite = step + k, True
    while step < last:
        dense = train.dense_until(step + 1)
        until = min(last, dense if dense > step + 1 else int(train.due.min()))
        until = max(step + 1, min(until, int(test.due.min())))
        if dense > step + 1:
            errors = problem.follow(step, until - step, train)
            train.plan(until, errors[-1], problem.train_speed)
        else:
            problem.step(until - step)
            if until >= train.due.min():
                _look(train, until, problem, problem.train_error(), problem.train_speed)
        if until >= test.due.min():
            error = problem.test_error()
            finite = finite and bool(np.isfinite(error).all())
            _look(test, until, problem, error, problem.test_speed)
        step = until
    return finite


def _look(passage: Passage, step: int, problem: Problem, error: np.ndarray, speed: Callable[[], Speed]) -> None:
    if passage.see(step, error):
        passage.mark(step, problem)
    passage.plan(step, error, speed)
