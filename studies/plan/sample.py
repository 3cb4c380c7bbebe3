"""The theory of some of a plan's trials: enough of them to predict the whole, few enough to answer in seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from grokscale.studies.plan.plan import Plan
from grokscale.trainers import thresholds
from grokscale.trainers.plugins.apart import TaskFailed
from grokscale.trainers.task import Task, Theory
from grokscale.trainers.tasks.description import Description
from grokscale.trainers.tasks.registry import draw_of
from grokscale.trainers.tasks.registry import task as task_of
from grokscale.trainers.trial import Budget, Trial

CELLS = 1000
DRAWS = 64
SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Known:
    """What was computed for one trial.

    Attributes:
        trial: the trial.
        theory: its theory columns.
        refusal: why it will not train (its outcome, the reason), None where it will.
        steps: about how many it takes within its budget, None where theory does not say.
    """

    trial: Trial
    theory: Theory
    refusal: tuple[str, str] | None
    steps: int | None


@dataclass(frozen=True, slots=True)
class Sample:
    """Trials with their theory.

    Attributes:
        known: by trial index.
        cells: the configurations looked at, in order.
        draws: how many data sets were drawn.
        limits: what kept the rest from being computed, in words; empty where all of it was.
    """

    known: dict[int, Known]
    cells: tuple[int, ...]
    draws: int
    limits: tuple[str, ...]


def sample(kind: str, study_seed: int, plan: Plan, budget: Budget, engine: str, seconds: float = SECONDS) -> Sample:
    """Compute the theory of a plan's trials, the first seed of every cell before the second.

    Args:
        kind: of the task.
        study_seed: the study's seed.
        plan: the plan.
        budget: the trials' budget: thresholds enter the theory.
        engine: of the study: a surrogate has refusals of its own.
        seconds: time after which no further trial is begun.
    """
    task, deadline = task_of(kind), time.monotonic() + seconds
    cells = _spread(plan.configurations, CELLS)
    limits: dict[str, None] = {}
    if len(cells) < plan.configurations:
        limits[f"{len(cells)} of {plan.configurations} cells are looked at"] = None
    draws: dict[str, Any] = {}
    known: dict[int, Known] = {}
    for trial in _by_seed(plan, cells):
        if known and time.monotonic() > deadline:
            limits[f"predictions stopped after {seconds:g} s"] = None
            break
        if (large := _large(task.description, trial)) is not None:
            limits[f"cells with {large[0]} above {large[1]} are not predicted"] = None
            continue
        key = plan.identities[trial.index].data_id
        if key not in draws:
            if len(draws) == DRAWS:
                limits[f"{DRAWS} of {plan.draws} draws are looked at"] = None
                continue
            draws[key] = draw_of(kind, trial, study_seed)
        try:
            known[trial.index] = _predicted(task, draws[key], trial, budget, engine)
        except TaskFailed as error:
            known[trial.index] = Known(trial, _nothing(task.description, str(error)), None, None)
            limits[str(error)] = None
    return Sample(known, cells, len(draws), tuple(limits))


def _predicted(task: Task, draw: Any, trial: Trial, budget: Budget, engine: str) -> Known:
    theory = thresholds.theory(task, draw, trial, budget)
    refusal = task.refusal(draw, trial)
    if refusal is None and task.leaps is not None:
        refusal = task.leaps.refusal(engine, theory, budget)
    steps = thresholds.expected_steps(task, draw, trial, budget) if refusal is None else 0
    return Known(trial, theory, refusal, steps)


def _nothing(description: Description, reason: str) -> Theory:
    names = [column.name for column in description.theory]
    return Theory(dict.fromkeys(names), dict.fromkeys(names, reason))


def _spread(total: int, most: int) -> tuple[int, ...]:
    """Return up to `most` of the numbers below `total`, evenly spread."""
    number = min(total, most)
    return tuple(total * i // number for i in range(number))


def _by_seed(plan: Plan, cells: Sequence[int]) -> Iterator[Trial]:
    seeds = len(plan.trials) // plan.configurations
    return (plan.trials[cell * seeds + i] for i in range(seeds) for cell in cells)


def _large(description: Description, trial: Trial) -> tuple[str, int] | None:
    """Return the field in which a trial is larger than theory is quick for, and how large it may be."""
    for field, largest in description.foretold:
        value = trial.config.get(field)
        if isinstance(value, int) and value > largest:
            return field, largest
    return None
