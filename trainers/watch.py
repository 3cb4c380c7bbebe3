"""All that is kept of the live columns of a pack while they train, and the outcome made of it when one ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

import numpy as np

from grokscale.trainers.curves import Curves
from grokscale.trainers.levels import NO_STEP
from grokscale.trainers.outcome import Seen, trained
from grokscale.trainers.passage import NEVER, Passage
from grokscale.trainers.plateau import PlateauLog
from grokscale.trainers.points import Points, rows
from grokscale.trainers.schedule import DENSE, end_after, next_in_log, next_on_curve
from grokscale.trainers.task import Certified, Ends, Iterated, Problem, Regularized, Theory
from grokscale.trainers.tasks.description import Description, Grid
from grokscale.trainers.thresholds import held, ladder
from grokscale.trainers.trial import Budget, ErrorPoint, Outcome

_RESTS = 1e-3
"""Where the end is not known, an error rests that fell by less than this part of it over the second half of the run."""
_WORTH = 32
"""Steps that have to be left out for that to be worth a look: to follow the train error costs little."""
_PARTS = ("train", "test", "ratio", "curves", "plateau")


class Watch:
    """Trackers of a pack's live columns, whose problem is `Certified`; for another see `trainers.grid_watch`.

    Args:
        problem: the stacked trials, at step 0.
        budget: thresholds and stop rule.
        patience: step from which a column may be given up whose error no longer falls, shape (columns,).
        description: of the task.
    """

    _passage: ClassVar[type[Passage]] = Passage

    def __init__(self, problem: Problem, budget: Budget, patience: np.ndarray, description: Description) -> None:
        columns = len(problem.trials)
        self._budget, self._description = budget, description
        measures = [measure.name for measure in description.measures]
        train, test = self._held = held(budget, description)
        self.train = self._passage(train.levels, columns, _WORTH, measures)
        self.test = self._passage(test.levels, columns, measures=measures)
        self.ratio = self._passage([-1.0], columns)  # of minus the ratio: beta ||H|| / ||G|| >= 1
        self.curves = Curves(columns, budget.record == "coordinates")
        self.plateau = PlateauLog(columns, measures, bracket=isinstance(description.looks, Grid))
        self._latest, self._settled = Points(measures, columns), Points(measures, columns)
        self.infeasible = np.zeros(columns, dtype=bool)
        self.stalled = np.zeros(columns, dtype=bool)
        self.diverged = np.zeros(columns, dtype=bool)
        self._patience = patience
        # asked once: to hold an object against a protocol takes as long as a look
        self._ending = problem if isinstance(problem, Ends) else None
        self._gradients = problem if isinstance(problem, Regularized) else None
        self._iterated = problem if self.curves.coordinates and isinstance(problem, Iterated) else None
        self._next_curve = self._next_log = self._next_ratio = 0
        self._ends = self._end_steps()

    # -- looking ----------------------------------------------------------------------------------------------------

    def due(self) -> int:
        """Return the next step that has to be looked at."""
        # a column that has only its t1 to come ends with it
        waiting = (self.infeasible | self.stalled) & (self.train.first[0] == NEVER)
        t1 = int(self.train.due[waiting].min(initial=NO_STEP))
        return min(t1, self._next_ratio, self._next_curve, self._next_log)

    def pending(self, step: int) -> bool:
        """Return whether the look at this step is not at its end."""
        return False

    def begin(self, problem: Problem) -> None:
        """Take in the errors of step 0."""
        self.train.see(0, problem.train_error())
        self.test.see(0, problem.test_error())
        for passage in (self.train, self.test):
            passage.mark(0, problem)

    def walk(self, step: int, k: int, problem: Problem) -> None:
        """Have `k` steps taken from `step` on."""
        certified = cast(Certified, problem)  # its task's description says so
        if not certified.walk(step, k, self.train, self.test):
            self.diverged |= ~np.isfinite(problem.test_error())

    def look(self, step: int, problem: Problem, last: bool = False) -> None:
        """Take in what is due at this step; everything where it is the last of some column."""
        self._note(step, problem, last)

    def _note(self, step: int, problem: Problem, last: bool, error: np.ndarray | None = None) -> None:
        """Take in curve, log and ratio of the gradients where they are due; `error`: the test error, if it is known."""
        on_curve, in_log = last or step >= self._next_curve, step >= self._next_log
        if on_curve or in_log:
            error = problem.test_error() if error is None else error
            self.diverged |= ~np.isfinite(error)
            self._record(step, problem, error, on_curve, in_log)
        if on_curve or step >= self._next_ratio:
            self._ratio(step)

    def _ratio(self, step: int) -> None:
        """Every step until beta ||H|| >= ||G|| has been seen everywhere; then at the curve's steps."""
        ratio = self._gradient_ratio()
        if ratio is not None:
            self.ratio.see(step, -ratio)
        found = ratio is None or not (self.ratio.first == NEVER).any()
        self._next_ratio = NO_STEP if found else step + 1

    def _gradient_ratio(self) -> np.ndarray | None:
        return None if self._gradients is None else self._gradients.gradient_ratio()

    def _record(self, step: int, problem: Problem, error: np.ndarray, on_curve: bool, in_log: bool) -> None:
        self._latest.values = rows(self._latest.measures, step, error, problem.measures())
        if in_log:
            self.plateau.see(step, self._latest.values[:-1])
            self._next_log = next_in_log(step, self._budget.plateau_every)
        if on_curve:
            self.curves.see(step, *self._observed(problem, error))
            self._next_curve = next_on_curve(step)
        if on_curve or step >= DENSE:
            self._judge(step, error)

    def _observed(self, problem: Problem, error: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        """Return what is recorded of a step: both errors, whatever else the problem shows, and the iterate."""
        observed = problem.observe()
        train = observed["train_error"] if "train_error" in observed else problem.train_error()
        iterate = None if self._iterated is None else self._iterated.iterate()
        return {"train_error": train, "test_error": error} | observed, iterate

    def _judge(self, step: int, error: np.ndarray) -> None:
        """Hold each column against where its training ends, or against its own past where that is not known."""
        never = self.test.first[0] == NEVER
        if self._ending is not None:
            ending = self._ending.ending(error, self._budget.test_threshold)
            if self._budget.test_measure is None:
                self.infeasible |= ending.certified & never
                self.stalled |= ending.stalled & never & ~self.infeasible
            newly = ending.settled & ~self._settled.there
            self._settled.values[:, newly] = self._latest.values[:, newly]
        for column in np.flatnonzero((step >= self._patience) & never & ~self.stalled):
            self.stalled[column] = self._rests(int(column), step)

    def _rests(self, column: int, step: int) -> bool:
        """Return whether the least error has improved by under 0.1 % over the second half of the run."""
        curve, _ = self.curves.of(column)
        steps, errors = curve["step"], curve["test_error"]
        return bool(errors.min() > (1 - _RESTS) * errors[2 * steps <= step].min())

    # -- ending -----------------------------------------------------------------------------------------------------

    def next_end(self) -> int:
        """Return the step at which the next column ends, by budget and stop rule as known now."""
        return int(self._ends.min())

    def _end_steps(self) -> np.ndarray:
        """The last step of each column, shape (columns,)."""
        out = np.full(self.train.first.shape[1], self._budget.max_steps, dtype=np.int64)
        t2 = self.test.first[0]
        out[t2 == NEVER] = self._budget.without_t2
        if self._budget.stop == "after_t2":
            out = np.where(t2 == NEVER, out, np.minimum(out, end_after(t2)))
        return out

    def over(self, step: int) -> np.ndarray | None:
        """Return which columns end at this step, shape (columns,); None: none does."""
        self._ends = self._end_steps()
        over = (step >= self._ends) | self.diverged
        if self._budget.stop != "max_steps":
            # a certificate may hold from the start: the trial goes on until its t1 is known or can no longer come
            known = (self.train.first[0] != NEVER) | self._settled.there
            over |= (self.infeasible | self.stalled) & known
        if self._budget.stop == "settled":
            over |= self._settled.there
        return over if over.any() else None

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        for part in _PARTS:
            getattr(self, part).keep(columns)
        self._latest.keep(columns)
        self._settled.keep(columns)
        self._patience = self._patience[columns]
        self.infeasible, self.stalled = self.infeasible[columns], self.stalled[columns]
        self.diverged, self._ends = self.diverged[columns], self._ends[columns]

    def outcome(self, column: int, step: int, problem: Problem, theory: Theory, seconds: float) -> Outcome:
        """Return what a column that ends at `step`, where all was looked at, leaves behind."""
        trial = problem.trials[column]
        curve, coordinates = self.curves.of(column)
        if self.diverged[column]:
            message = f"the iterate was no longer finite at step {step}"
            return Outcome(
                index=trial.index,
                outcome="diverged",
                obtained="stepped",
                looks=str(self._description.looks),
                steps=step,
                theory=theory.values,
                theory_reasons=theory.reasons,
                curve=curve,
                coordinates=coordinates,
                seconds=seconds,
                error={"type": "Diverged", "message": message, "step": step},
            )
        seen = Seen(
            column=column,
            steps=step,
            rungs=ladder(self._budget, self._description),
            train=self.train,
            test=self.test,
            ratio=self.ratio if self._gradient_ratio() is not None else None,
            missed="infeasible" if self.infeasible[column] else "stalled" if self.stalled[column] else "right",
            plateau=self.plateau.result(column, step),
            reached=(self.train.reached.of(column), self.test.reached.of(column)),
            stop=self._latest.of(column),
            least=self._least(column),
            settled=self._settled.of(column),
            curve=curve,
            coordinates=coordinates,
            obtained="stepped",
            looks=str(self._description.looks),
        )
        return trained(trial, self._budget, theory, seen, seconds)

    def _least(self, column: int) -> ErrorPoint | None:
        """The least test error over the logged steps and the last: the minimum as published code takes it."""
        candidates = [point for point in (self.plateau.least(column), self._latest.of(column)) if point is not None]
        return min(candidates, key=lambda point: point.error, default=None)

    # -- checkpoint -------------------------------------------------------------------------------------------------

    def problem_state(self, problem: Problem) -> dict[str, Any]:
        """Return the problem's state at the step up to which these trackers have come."""
        return problem.state()

    def state(self) -> dict[str, Any]:
        """Return what `load` needs."""
        return {
            **{part: getattr(self, part).state() for part in _PARTS},
            "points": (self._latest.values, self._settled.values),
            "flags": (self.infeasible, self.stalled, self.diverged),
            "patience": self._patience,
            "next": (self._next_curve, self._next_log, self._next_ratio),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state of the same columns."""
        for part in _PARTS:
            getattr(self, part).load(state[part])
        self._latest.values, self._settled.values = (values.copy() for values in state["points"])
        self.infeasible, self.stalled, self.diverged = state["flags"]
        self._patience = state["patience"]
        self._next_curve, self._next_log, self._next_ratio = state["next"]
        self._ends = self._end_steps()
