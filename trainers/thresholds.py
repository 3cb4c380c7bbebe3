"""What is held against a study's two thresholds: the errors, or measures of the task; and what is foreseen of either.

Bounds on movement, certificates, theory and the ladder are about the errors. Where a threshold is one of a measure,
none of them says anything of the time to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from grokscale.trainers.task import Problem, Task, Theory
from grokscale.trainers.tasks.description import Description
from grokscale.trainers.trial import Budget, Trial

Of = Callable[[Problem], np.ndarray]


@dataclass(frozen=True, slots=True)
class Held:
    """Values, and the levels to which they come from above.

    Attributes:
        of: the values of a problem's columns, shape (columns,). Those that rise bear the other sign.
        levels: the study's threshold, then the rungs of the ladder.
    """

    of: Of
    levels: tuple[float, ...]


def ladder(budget: Budget, description: Description) -> tuple[float, ...]:
    """Return the rungs of a trial's ladder: none where a threshold is one of a measure, whose values are others."""
    return description.rungs if budget.train_measure is None and budget.test_measure is None else ()


def held(budget: Budget, description: Description) -> tuple[Held, Held]:
    """Return what t1 and t2 are found by.

    Raises:
        KeyError: the task has no such measure.
    """
    rungs = ladder(budget, description)
    return (
        _held(budget.train_measure, budget.train_threshold, rungs, lambda problem: problem.train_error(), description),
        _held(budget.test_measure, budget.test_threshold, rungs, lambda problem: problem.test_error(), description),
    )


def _held(name: str | None, threshold: float, rungs: tuple[float, ...], error: Of, description: Description) -> Held:
    if name is None:
        return Held(error, (threshold, *rungs))
    measure = description.measure(name)
    if measure is None:
        raise KeyError(name)
    sign = -1.0 if measure.rises else 1.0
    return Held(lambda problem: sign * problem.measures()[name], (sign * threshold, *rungs))


# -- what is foreseen -------------------------------------------------------------------------------------------------


def theory(task: Task, draw: Any, trial: Trial, budget: Budget) -> Theory:
    """Return what a task predicts of a trial, but for times to what it does not know of."""
    told = task.theory(draw, trial, budget)
    measures = {"t1": budget.train_measure, "t2": budget.test_measure}
    unknown = {
        column.name: f"the threshold is one of {measures[column.predicts]}, and theory is about the error"
        for column in task.description.theory
        if column.predicts in measures and measures[column.predicts] is not None
    }
    return Theory({**told.values, **dict.fromkeys(unknown)}, {**told.reasons, **unknown}) if unknown else told


def expected_steps(task: Task, draw: Any, trial: Trial, budget: Budget) -> int | None:
    """Return about how many steps a trial takes, None where nobody knows."""
    return task.expected_steps(draw, trial, budget) if budget.test_measure is None else budget.steps(None)


def patience(task: Task, draw: Any, trial: Trial, budget: Budget) -> float:
    """Return the step from which a trial may be given up whose error rests: inf where another value counts."""
    return task.patience(draw, trial, budget) if budget.test_measure is None else math.inf
