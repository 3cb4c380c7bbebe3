"""Predicted steps, seconds and bytes of a plan."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from grokscale.studies.plan.plan import Plan
from grokscale.studies.plan.sample import Known
from grokscale.trainers import engine as engines
from grokscale.trainers.plugins.apart import TaskFailed
from grokscale.trainers.tasks.registry import described
from grokscale.trainers.tasks.registry import task as task_of
from grokscale.trainers.trial import Budget, Trial

LEVELS = 16
"""Widths of a pack at which a step is timed while its columns end one by one."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a plan is predicted to take.

    Attributes:
        steps: of all trials together.
        seconds: from the first pack's start to the last one's end, as many side by side as the cluster takes.
        memory_bytes: of the largest packs side by side.
        unpredicted: trials of which theory says nothing, counted at their whole budget.
        unknown: why seconds (NaN) and memory (None) are not known, where the task's own code fails; None: they are.
    """

    steps: int
    seconds: float
    memory_bytes: int | None
    unpredicted: int
    unknown: str | None = None


def cost(kind: str, plan: Plan, known: Mapping[int, Known], budget: Budget, slots: int, engine: str) -> Cost:
    """Predict what a plan takes from what is known of some of its trials.

    Args:
        kind: of the task.
        plan: the plan.
        known: theory by trial index.
        budget: of the trials.
        slots: packs side by side.
        engine: of the study.
    """
    steps = _all_steps(kind, plan.trials, known, budget)
    unpredicted = sum(one is None for one in steps)
    counted = np.array([budget.max_steps if one is None else one for one in steps], dtype=np.float64)
    try:
        seconds, sizes = _packs(kind, plan, steps, counted, budget, engine)
    except TaskFailed as error:
        return Cost(int(counted.sum()), math.nan, None, unpredicted, str(error))
    return Cost(int(counted.sum()), _side_by_side(seconds, slots), sum(sizes[:slots]), unpredicted)


def _packs(
    kind: str, plan: Plan, steps: Sequence[int | None], counted: np.ndarray, budget: Budget, engine: str
) -> tuple[list[float], list[int]]:
    """Return the seconds of each pack in their order, and the bytes of each, the largest first."""
    leaps = [
        engines.leaps(engine, kind, trial, expected, budget) for trial, expected in zip(plan.trials, steps, strict=True)
    ]
    leaping = task_of(kind).leaps
    packs = [[plan.trials[i] for i in pack.members] for pack in plan.packs]
    seconds = [
        sum(leaping.seconds(t.config) for t in trials if leaping is not None and leaps[t.index])
        + _stepping_seconds(kind, [t for t in trials if not leaps[t.index]], counted, plan)
        for trials in packs
    ]
    if budget.max_seconds is not None:
        seconds = [min(one, budget.max_seconds) for one in seconds]
    return seconds, sorted((_pack_bytes(kind, trials, plan) for trials in packs), reverse=True)


def _all_steps(kind: str, trials: Sequence[Trial], known: Mapping[int, Known], budget: Budget) -> list[int | None]:
    """Predict every trial: from its own theory, else its cell's, else what the others say; None: unknown."""
    of_cell: dict[int, list[int]] = {}
    for one in known.values():
        if one.steps is not None:
            of_cell.setdefault(one.trial.configuration, []).append(one.steps)
    middle = {cell: int(median(steps)) for cell, steps in of_cell.items()}
    # those that the budget cuts off say nothing of the others' lengths
    whole = [one for one in known.values() if one.refusal is None and one.steps and one.steps < budget.max_steps]
    slowness = described()[kind].slowness()
    total = sum(slowness(one.trial.config) for one in whole)
    scale = sum(one.steps or 0 for one in whole) / total if whole and math.isfinite(total) else None

    def steps_of(trial: Trial) -> int | None:
        if trial.index in known:
            return known[trial.index].steps
        if trial.configuration in middle:
            return middle[trial.configuration]
        return budget.steps(None if scale is None else scale * slowness(trial.config))

    return [steps_of(trial) for trial in trials]


def _stepping_seconds(kind: str, trials: Sequence[Trial], steps: np.ndarray, plan: Plan) -> float:
    """Time a pack whose columns end after `steps` (by trial index) and are then left out."""
    if not trials:
        return 0.0
    task, config, steps = task_of(kind), trials[0].config, steps[[trial.index for trial in trials]]
    ends = np.unique(np.quantile(steps, np.linspace(0, 1, LEVELS + 1)[1:], method="inverted_cdf"))
    total, before = 0.0, 0.0
    for end in ends:
        alive = [trial for trial, last in zip(trials, steps, strict=True) if last > before]
        draws = _draws(alive, plan)
        if alive:
            total += task.seconds_per_step(config, len(alive), draws) * float(end - before)
        before = float(end)
    return total


def _pack_bytes(kind: str, trials: Sequence[Trial], plan: Plan) -> int:
    return task_of(kind).memory(trials[0].config, len(trials), _draws(trials, plan))


def _draws(trials: Sequence[Trial], plan: Plan) -> int:
    return len({plan.identities[trial.index].data_id for trial in trials})


def _side_by_side(seconds: Sequence[float], slots: int) -> float:
    """Return when the last pack ends if each starts, in order, as soon as a slot is free."""
    ends = [0.0] * slots
    for one in seconds:
        heapq.heappush(ends, heapq.heappop(ends) + one)
    return max(ends)
