"""Predicted steps, seconds and bytes of a plan."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from studies.plan.plan import Plan, slowness
from studies.plan.sample import Known
from trainers.fast_forward import SMOOTH
from trainers.fast_forward import seconds as fast_forward_seconds
from trainers.tasks import TASKS, draw_key
from trainers.trial import Budget, Trial

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
    """

    steps: int
    seconds: float
    memory_bytes: int
    unpredicted: int


def cost(kind: str, plan: Plan, known: Mapping[int, Known], budget: Budget, slots: int, leaps: bool = False) -> Cost:
    """Predict what a plan takes from what is known of some of its trials.

    Args:
        kind: of the task.
        plan: the plan.
        known: theory by trial index.
        budget: of the trials.
        slots: packs side by side.
        leaps: trials are fast-forwarded.
    """
    steps = _all_steps(plan.trials, known, budget)
    unpredicted = sum(one is None for one in steps)
    counted = np.array([budget.max_steps if one is None else one for one in steps], dtype=np.float64)
    packs = [[plan.trials[i] for i in pack.members] for pack in plan.packs]
    seconds = [_pack_seconds(kind, trials, counted[[t.index for t in trials]], leaps) for trials in packs]
    if budget.max_seconds is not None:
        seconds = [min(one, budget.max_seconds) for one in seconds]
    sizes = sorted((_pack_bytes(kind, trials) for trials in packs), reverse=True)
    return Cost(int(counted.sum()), _side_by_side(seconds, slots), sum(sizes[:slots]), unpredicted)


def predicted_t2(known: Known, budget: Budget) -> float | None:
    """Return about when a trial generalises or is given up, None where theory does not say."""
    values = known.theory.values
    t2, T_star, floor = values["t2_predicted"], values["T_star"], values["floor"]
    if t2 is None and T_star is not None:
        # near or below the floor t2 is no longer T*/(alpha beta); the run is given up at about three times that
        above = floor is not None and floor > budget.test_threshold
        t2 = T_star * slowness(known.trial.config) * (3 if above else 1)
    return None if t2 is None or not math.isfinite(t2) else t2


def run_length(t2: float, budget: Budget) -> int:
    """Return how many steps a trial takes that generalises at t2."""
    return min(budget.max_steps, math.ceil(t2 + max(1000.0, 0.02 * t2)))


def _all_steps(trials: Sequence[Trial], known: Mapping[int, Known], budget: Budget) -> list[int | None]:
    """Predict every trial: from its own theory, else its cell's, else what the others say of T*; None: unknown."""
    if budget.stop == "max_steps":
        refused = {index for index, one in known.items() if one.refusal is not None}
        return [0 if trial.index in refused else budget.max_steps for trial in trials]
    own = {index: _own_steps(one, budget) for index, one in known.items()}
    of_cell: dict[int, list[int]] = {}
    for index, steps in own.items():
        if steps is not None:
            of_cell.setdefault(known[index].trial.configuration, []).append(steps)
    middle = {cell: int(median(steps)) for cell, steps in of_cell.items()}
    times = [(one.trial, predicted_t2(one, budget)) for one in known.values() if one.refusal is None]
    scales = [t2 / slowness(trial.config) for trial, t2 in times if t2 is not None]
    scale = median(scales) if scales else None

    def steps_of(trial: Trial) -> int | None:
        if trial.index in own:
            return own[trial.index]
        if trial.configuration in middle:
            return middle[trial.configuration]
        return None if scale is None else run_length(scale * slowness(trial.config), budget)

    return [steps_of(trial) for trial in trials]


def _own_steps(known: Known, budget: Budget) -> int | None:
    if known.refusal is not None:
        return 0
    t2 = predicted_t2(known, budget)
    return None if t2 is None else run_length(t2, budget)


def _pack_seconds(kind: str, trials: Sequence[Trial], steps: np.ndarray, leaps: bool) -> float:
    """Time a pack whose columns end at the given steps and are then left out, or that is fast-forwarded."""
    task, config = TASKS[kind], trials[0].config
    if leaps:
        return sum(fast_forward_seconds(int(t.config["n"] or 0), t.config["regularizer"] in SMOOTH) for t in trials)
    ends = np.unique(np.quantile(steps, np.linspace(0, 1, LEVELS + 1)[1:], method="inverted_cdf"))
    total, before = 0.0, 0.0
    for end in ends:
        alive = [trial for trial, last in zip(trials, steps, strict=True) if last > before]
        draws = len({draw_key(kind, trial) for trial in alive})
        if alive:
            total += task.seconds_per_step(config, len(alive), draws) * float(end - before)
        before = float(end)
    return total


def _pack_bytes(kind: str, trials: Sequence[Trial]) -> int:
    draws = len({draw_key(kind, trial) for trial in trials})
    return TASKS[kind].memory(trials[0].config, len(trials), draws)


def _side_by_side(seconds: Sequence[float], slots: int) -> float:
    """Return when the last pack ends if each starts, in order, as soon as a slot is free."""
    ends = [0.0] * slots
    for one in seconds:
        heapq.heappush(ends, heapq.heappop(ends) + one)
    return max(ends)
