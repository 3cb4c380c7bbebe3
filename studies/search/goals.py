"""What a sampler is told of the results: each configuration's value or two, and by how much it breaks its bounds.

A response of a configuration is the logarithm of its median over the seeds (`studies.pareto.seeds`); a right-censored
time counts as twice its lower bound. A configuration that reaches a response in half of its seeds or fewer (it is
infeasible or stalls, its trials diverge or fail) has no value: the constraint `reach` is violated, and in place of the
value stands the worst of the others and a factor of e, so that models stay finite. A bound is the constraint
log(median / max); where the bounded response is missing it is violated by as much as the worst that has it, and a
factor of e. CMA-ES knows no constraints but only ranks: there every configuration that breaks one comes after all that
break none, in the order of what it breaks.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from studies.laws.noise import Floats
from studies.pareto.seeds import Aggregate, aggregate
from studies.search.configurations import swept
from studies.search.samplers import Told
from studies.search.space import Point
from studies.spec import StudySpec
from studies.spec.methods import Adaptive

WORSE = 1.0
"""In units of the logarithm."""


def told(table: pa.Table, spec: StudySpec) -> list[Told]:
    """Return what a sampler is told, in the order of the configurations' numbers; all of them must have ended."""
    search = spec.search
    assert isinstance(search, Adaptive)
    goals = [aggregate(table, name, "late") for name in search.objective.minimize]
    bounds = {name: (aggregate(table, name, "late"), most) for name, most in search.objective.subject_to}
    values = np.stack([_filled(goal.median) for goal in goals], axis=1)
    constraints = {"reach": np.max([_reach(goal) for goal in goals], axis=0)}
    constraints |= {name: _filled(bound.median) - np.log(most) for name, (bound, most) in bounds.items()}
    # the missing bound of a trial that went wrong is broken even where no other breaks it
    for name, (bound, _) in bounds.items():
        missing = np.isinf(bound.median)
        constraints[name][missing] = np.maximum(constraints[name][missing], WORSE)
    if search.kind == "cmaes":
        values, constraints = _ranked(values[:, 0], constraints)[:, None], {}
    points = _points(table, spec)
    return [
        Told(points[i], tuple(map(float, values[i])), {name: float(column[i]) for name, column in constraints.items()})
        for i in range(len(points))
    ]


def _reach(goal: Aggregate) -> Floats:
    """At most 0 where more than half of the seeds have the response; at most 2."""
    missing = goal.seeds - goal.reached
    return np.where(goal.seeds > 0, (2 * missing - goal.seeds + 1) / np.maximum(goal.seeds, 1), 2.0)


def _filled(logs: Floats) -> Floats:
    finite = np.isfinite(logs)
    return np.where(finite, logs, logs[finite].max() + WORSE if finite.any() else 0.0)


def _ranked(values: Floats, constraints: dict[str, Floats]) -> Floats:
    broken = np.sum([np.maximum(column, 0) for column in constraints.values()], axis=0)
    kept = broken == 0
    worst = values[kept].max() if kept.any() else 0.0
    return np.where(kept, values, worst + broken)


def _points(table: pa.Table, spec: StudySpec) -> list[Point]:
    """Return the swept fields' values by configuration."""
    names = list(swept(spec))
    rows = table.select(["configuration", *names]).to_pylist()
    by_number = {row["configuration"]: tuple(row[name] for name in names) for row in rows}
    return [by_number[number] for number in sorted(by_number)]
