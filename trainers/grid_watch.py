"""The watch over a problem that is looked at on a grid of steps: brackets, and what resolves them.

At a look of the grid every column is seen and whatever is due is recorded; columns leave the stack there and nowhere
else. Between two of them a column is seen alone where it is near a threshold, so that what is found of a trial does not
depend on what shares its pack, but for how much may be taken again (`replay.SHARE`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from grokscale.trainers.bracket import Bracketed
from grokscale.trainers.levels import NO_STEP
from grokscale.trainers.passage import NEVER, Passage
from grokscale.trainers.replay import NEAR, SHARE, Replay, frozen
from grokscale.trainers.task import Problem
from grokscale.trainers.tasks.description import Description, Grid
from grokscale.trainers.trial import Budget
from grokscale.trainers.watch import Watch

Pair = tuple[np.ndarray, np.ndarray]
"""Of the train and of the test threshold."""


class GridWatch(Watch):
    """See the module; arguments as those of `Watch`."""

    _passage: ClassVar[type[Passage]] = Bracketed

    def __init__(self, problem: Problem, budget: Budget, patience: np.ndarray, description: Description) -> None:
        super().__init__(problem, budget, patience, description)
        assert isinstance(description.looks, Grid)
        assert isinstance(self.train, Bracketed)
        assert isinstance(self.test, Bracketed)
        self._grid = description.looks
        self._passages = self.train, self.test
        self._last, self._next = 0, 0  # looks of the grid
        self._due = np.zeros(len(problem.trials), dtype=np.int64)
        self._earlier = b""  # the problem's state at the last look, where steps may have to be taken again from there
        self._replay: Replay | None = None
        self._again, self._repeats = 0, True

    # -- looking ----------------------------------------------------------------------------------------------------

    def due(self) -> int:
        """Return the next step that has to be looked at."""
        return int(self._due.min(initial=NO_STEP))

    def pending(self, step: int) -> bool:
        """Return whether the look at this step is not at its end: the steps before it are taken again."""
        return self.due() <= step

    def next_end(self) -> int:
        """Return no step: columns end at looks."""
        return NO_STEP

    def begin(self, problem: Problem) -> None:
        """Nothing is known before the first look, which is due at step 0."""

    def walk(self, step: int, k: int, problem: Problem) -> None:
        """Have `k` steps taken from `step` on."""
        if step == self._last:
            self._earlier = frozen(problem.state()) if self._may_replay() else b""
        problem.step(k)

    def _may_replay(self) -> bool:
        """Return whether the next look of the grid may find what has to be resolved."""
        ahead = any((passage.first[0] == NEVER).any() for passage in self._passages)
        return self._grid.exact and self._repeats and self._next - self._last > 1 and ahead

    def look(self, step: int, problem: Problem, last: bool = False) -> None:
        """Take in what is due at this step; where a bracket is to be resolved, one of its steps at a time.

        `last`: nothing is resolved any more, and everything is recorded.
        """
        if self._replay is not None:
            self._go_on(step, problem, self._replay, last)
        elif last or self.due() <= step:
            self._see(step, problem, last)

    def _go_on(self, step: int, problem: Problem, replay: Replay, last: bool) -> None:
        if not last:
            replay.advance(problem)
            if not replay.done:
                return
            # counted when it is over: one that is cut short begins anew
            self._again += step - self._last
            self._repeats = replay.holds(problem)
        else:
            replay.give_up(problem)
        self._replay = None
        resolved = replay if not last and self._repeats else None
        self._take(step, problem, self._values(problem), resolved, last)

    def _values(self, problem: Problem) -> Pair:
        """Return what is held against the two thresholds, shape (columns,) each."""
        train, test = self._held
        return train.of(problem), test.of(problem)

    def _see(self, step: int, problem: Problem, last: bool) -> None:
        values = self._values(problem)
        if not last and self._has_to_resolve(step, values):
            self._replay = Replay(problem, self._earlier, self._last, step, self._passages, self._held)
        else:
            self._take(step, problem, values, None, last)

    def _has_to_resolve(self, step: int, values: Pair) -> bool:
        if not self._earlier or step < self._next or not self._repeats or self._again > SHARE * step:
            return False
        pairs = zip(self._passages, values, strict=True)
        return any((passage.ahead(value) & (step - passage.looked > 1)).any() for passage, value in pairs)

    def _take(self, step: int, problem: Problem, values: Pair, replay: Replay | None, last: bool) -> None:
        """Take in a look."""
        of_grid = last or step >= self._next
        columns = np.full(self._due.size, True) if of_grid else self._due <= step
        test = problem.test_error()
        self.diverged |= ~np.isfinite(test)
        for passage, value in zip(self._passages, values, strict=True):
            if passage.look(step, value, columns):
                passage.mark(step, problem)
        if replay is not None:
            self._passages[0].resolve(step, replay.train)
            self._passages[1].resolve(step, replay.test)
        if of_grid:
            self._note(step, problem, last, test)
            self._last, self._next = step, self._after(step)
        self._due[columns] = np.where(self._near(values), step + 1, self._next)[columns]

    def _after(self, step: int) -> int:
        """Return the next look of the grid; the last step that a trial may take is one."""
        ends = (end for end in (self._budget.without_t2, self._budget.max_steps) if end > step)
        return min(self._grid.after(step), *ends) if step < self._budget.max_steps else step + 1

    def _near(self, values: Pair) -> np.ndarray:
        """Return which columns are about to come to a threshold, shape (columns,)."""
        near = np.zeros(self._due.size, dtype=bool)
        if self._grid.exact:
            for passage, value in zip(self._passages, values, strict=True):
                level = passage.levels[0]
                near |= (passage.first[0] == NEVER) & (value <= level + NEAR * abs(level))
        return near

    def over(self, step: int) -> np.ndarray | None:
        """Return which columns end at this step, shape (columns,): at a look of the grid that is at its end."""
        return super().over(step) if step == self._last and self._replay is None else None

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        super().keep(columns)
        self._due = self._due[columns]

    # -- checkpoint -------------------------------------------------------------------------------------------------

    def problem_state(self, problem: Problem) -> dict[str, Any]:
        """Return the problem's state at the last step that it came to; what is being resolved is resolved anew."""
        return problem.state() if self._replay is None else self._replay.end

    def state(self) -> dict[str, Any]:
        """Return what `load` needs, the state at the last look with it."""
        looks = self._last, self._next, self._due, self._earlier
        return {**super().state(), "looks": looks, "replays": (self._again, self._repeats)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state of the same columns."""
        super().load(state)
        self._last, self._next, self._due, self._earlier = state["looks"]
        self._again, self._repeats = state["replays"]
