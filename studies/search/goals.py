"""What a sampler is told of the results: each configuration's value or two, and by how much it breaks its bounds.

A response of a configuration is the logarithm of its median over the seeds (`laws.rows.medians`); a right-censored time
counts as twice its lower bound. Two sorts of constraints say which configurations do not count, above 0 being violated:

- `reach`: (2 m - n + 1/2) / n where m of n seeds never have a response that is minimised (they are infeasible or stall,
  their trials diverge or fail). It is at most 0 where more than half have it. Where a bound is known to be broken, that
  says as much and more smoothly: there `reach` is that of the best configuration.
- a bound by its response's name: log(median / max). Where the response is missing, the worst that is known and a
  factor of e; where `reach` is violated already, or the seeds were pruned, the median of what is known, which says
  nothing new.

A configuration without a value stands at the median of the others: a bad one would bend a model of the times where
only the constraints should keep it away. CMA-ES knows no constraints but only ranks: there every configuration that
breaks a bound comes after all that break none, by how much it does, and after these every one that violates `reach`.
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.rows.medians import Aggregate, aggregate
from grokscale.studies.search.configurations import swept
from grokscale.studies.search.samplers import Told
from grokscale.studies.search.space import Point
from grokscale.studies.spec import StudySpec
from grokscale.studies.spec.searches import Adaptive

_PRUNED = "pruned"
WORSE = 1.0
"""In units of the logarithm."""


def told(table: pa.Table, spec: StudySpec) -> list[Told]:
    """Return what a sampler is told, in the order of the configurations' numbers; all of them must have ended."""
    search = spec.search
    assert isinstance(search, Adaptive)
    goals = [aggregate(table, name, "late") for name in search.objective.minimize]
    reach = np.max([_reach(goal) for goal in goals], axis=0)
    values = np.stack([_filled(goal.median) for goal in goals], axis=1)
    constraints = {"reach": reach}
    for name, most in search.objective.subject_to:
        bounded = aggregate(table, name, "late")
        excess = bounded.median - np.log(most)
        constraints[name] = _broken(excess, (reach > 0) | (np.array(bounded.words) == _PRUNED))
        # a step where a slope says the same would keep a model away from more than what is infeasible
        constraints["reach"] = np.where(np.isfinite(excess) & (excess > 0), reach.min(), constraints["reach"])
    if search.kind == "cmaes":
        values, constraints = _ranked(values[:, 0], constraints)[:, None], {}
    points = _points(table, spec)
    return [
        Told(points[i], tuple(map(float, values[i])), {name: float(column[i]) for name, column in constraints.items()})
        for i in range(len(points))
    ]


def prune_after(table: pa.Table, spec: StudySpec) -> int | None:
    """Return the step at which trials of the next batch are pruned that have not come to t2; None: never.

    It is `prune` times the least median of t2 over the configurations that keep the bounds, where there is one.
    """
    search = spec.search
    assert isinstance(search, Adaptive)
    if search.prune is None:
        return None
    times = aggregate(table, "t2").median
    for name, most in search.objective.subject_to:
        times = np.where(aggregate(table, name).median <= np.log(most), times, np.inf)
    least = float(times.min(initial=np.inf))
    return math.ceil(search.prune * math.exp(least)) if math.isfinite(least) else None


def _reach(goal: Aggregate) -> Floats:
    seeds = np.maximum(goal.seeds, 1)
    missing = np.where(goal.seeds > 0, goal.seeds - goal.reached, 1)
    return (2 * missing - seeds + 0.5) / seeds


def _filled(logs: Floats) -> Floats:
    finite = np.isfinite(logs)
    return np.where(finite, logs, np.median(logs[finite]) if finite.any() else 0.0)


def _broken(excess: Floats, unreached: NDArray[np.bool_]) -> Floats:
    """Return a bound's constraint, filled in where the response is missing."""
    finite = np.isfinite(excess)
    worst = max(float(excess[finite].max()), 0.0) + WORSE if finite.any() else WORSE
    return np.where(finite, excess, np.where(unreached, _filled(excess), worst))


def _ranked(values: Floats, constraints: dict[str, Floats]) -> Floats:
    """Put what breaks a bound after all that breaks none, and what never gets there after all of these."""
    bounds = [np.maximum(column, 0) for name, column in constraints.items() if name != "reach"]
    broken = np.sum([np.zeros(len(values)), *bounds], axis=0)
    reach = constraints["reach"]
    broken = np.where(reach > 0, broken.max() + reach, broken)
    kept = broken == 0
    return np.where(kept, values, (values[kept].max() if kept.any() else 0.0) + broken)


def _points(table: pa.Table, spec: StudySpec) -> list[Point]:
    """Return the swept fields' values by configuration."""
    names = list(swept(spec))
    rows = table.select(["configuration", *names]).to_pylist()
    by_number = {row["configuration"]: tuple(row[name] for name in names) for row in rows}
    return [by_number[number] for number in sorted(by_number)]
