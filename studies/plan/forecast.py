"""What `POST /v1/studies:validate` answers: sizes, predictions cell by cell, and what will probably go wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from grokscale.studies.packs import budget
from grokscale.studies.plan.cost import Cost, cost
from grokscale.studies.plan.plan import Plan, slots
from grokscale.studies.plan.sample import SECONDS, Known, Sample, sample
from grokscale.studies.resources import Resources
from grokscale.studies.spec import StudySpec
from grokscale.studies.spec.searches import Random, Sobol
from grokscale.trainers.tasks.description import Column, Description
from grokscale.trainers.tasks.registry import described
from grokscale.trainers.trial import Budget, Value, finite

NAMED = 10
"""Cells that a warning names."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Predictions for one configuration over the draws that were looked at.

    Attributes:
        configuration: its number.
        config: its flat fields.
        draws: how many draws were looked at.
        t2_predicted: median step of generalisation, None where theory gives it for no draw; t2_low and t2_high: ends.
        error_settled_predicted: median test error where training ends.
        feasible: whether that lies at or below the test threshold, None where it is unknown.
        limits: field to the lowest of its largest values that train, where theory knows it.
        reasons: theory column to why it gives nothing.
    """

    configuration: int
    config: dict[str, Value]
    draws: int
    t2_predicted: float | None
    t2_low: float | None
    t2_high: float | None
    error_settled_predicted: float | None
    feasible: bool | None
    limits: dict[str, float]
    reasons: dict[str, str]


@dataclass(frozen=True, slots=True)
class Caution:
    """Something that will probably go wrong, at a field of the specification where there is one."""

    message: str
    pointer: str | None = None

    def to_json(self) -> dict[str, str]:
        """Return plain JSON values."""
        return {"message": self.message} | ({} if self.pointer is None else {"pointer": self.pointer})


@dataclass(frozen=True, slots=True)
class Forecast:
    """The answer; numbers are predictions where they are called so."""

    plan: Plan
    cost: Cost
    sample: Sample
    cells: tuple[Cell, ...]
    warnings: tuple[Caution, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, finite or null."""
        return {
            "trials": self.plan.total,
            "configurations": self.plan.configurations * self.plan.total // len(self.plan.trials),
            "draws": self.plan.draws,
            "packs": len(self.plan.packs),
            "predicted": {
                "steps": self.cost.steps,
                "seconds": finite(self.cost.seconds),
                "memory_bytes": self.cost.memory_bytes,
                "trials_without_prediction": self.cost.unpredicted,
            },
            "looked_at": {"cells": len(self.cells), "draws": self.sample.draws, "limits": list(self.sample.limits)},
            "cells": [asdict(cell) for cell in self.cells],
            "warnings": [warning.to_json() for warning in self.warnings],
        }


def forecast(spec: StudySpec, plan: Plan, resources: Resources, seconds: float = SECONDS) -> Forecast:
    """Predict a plan: `cells` are at most 1,000, of at most 64 draws, computed for at most `seconds`."""
    limits = budget(spec)
    looked = sample(spec.task.kind, spec.seed, plan, limits, spec.engine, seconds)
    by_cell: dict[int, list[Known]] = {}
    for one in looked.known.values():
        by_cell.setdefault(one.trial.configuration, []).append(one)
    seeds = len(plan.trials) // plan.configurations
    task = described()[spec.task.kind]
    cells = tuple(_cell(task, plan.trials[n * seeds].config, n, by_cell.get(n, []), limits) for n in looked.cells)
    predicted = cost(spec.task.kind, plan, looked.known, limits, slots(spec, resources), spec.engine)
    predicted = _scaled(predicted, plan.total / len(plan.trials))
    warnings = (
        *_repeats(spec, plan),
        *_proposed_later(spec, plan),
        *_of_cells(cells, limits, task),
        *_refusals(looked, task),
        *_unpredicted(predicted, plan),
        *_unknown(predicted),
    )
    return Forecast(plan, predicted, looked, cells, warnings)


def _cell(task: Description, config: Any, number: int, known: Sequence[Known], limits: Budget) -> Cell:
    of_t2, of_error = task.predicting("t2"), task.predicting("error_settled")
    limiting = [column for column in task.theory if column.limits]
    t2, settled = _values(of_t2, known), _values(of_error, known)
    lowest = {str(column.limits): _values(column, known) for column in limiting}
    middle = median(settled) if settled else None
    return Cell(
        configuration=number,
        config=dict(config),
        draws=len(known),
        t2_predicted=finite(median(t2)) if t2 else None,
        t2_low=finite(min(t2)) if t2 else None,
        t2_high=finite(max(t2)) if t2 else None,
        error_settled_predicted=middle,
        feasible=None if middle is None or limits.test_measure else middle <= limits.test_threshold,
        limits={field: min(values) for field, values in lowest.items() if values},
        reasons=_reasons([column for column in (of_t2, of_error, *limiting) if column is not None], known),
    )


def _values(column: Column | None, known: Sequence[Known]) -> list[float]:
    values = [] if column is None else [one.theory.values.get(column.name) for one in known]
    return [value for value in values if value is not None]


def _reasons(columns: Sequence[Column], known: Sequence[Known]) -> dict[str, str]:
    """Return why theory gives nothing, of the columns of which it gives nothing."""
    found = {}
    for name in (column.name for column in columns if not _values(column, known)):
        said = [one.theory.reasons[name] for one in known if name in one.theory.reasons]
        found[name] = said[0] if said else "not computed"
    return found


def _repeats(spec: StudySpec, plan: Plan) -> Iterator[Caution]:
    if isinstance(spec.search, (Random, Sobol)) and plan.configurations < spec.search.num_configs:
        message = f"of {spec.search.num_configs} points drawn {plan.configurations} differ; each is planned once"
        yield Caution(message, "/search/num_configs")


def _scaled(predicted: Cost, factor: float) -> Cost:
    """Take the batches that are still to be proposed for as long as the first: later ones are mostly shorter."""
    return replace(
        predicted,
        steps=round(predicted.steps * factor),
        seconds=predicted.seconds * factor,
        unpredicted=round(predicted.unpredicted * factor),
    )


def _proposed_later(spec: StudySpec, plan: Plan) -> Iterator[Caution]:
    if plan.later:
        yield Caution(
            f"{spec.search.kind} proposes {plan.later} of {plan.total} trials from the results of those before: cells "
            "and packs are those of its first batch, and the others are taken for as long as these",
            "/search/kind",
        )


def _of_cells(cells: Sequence[Cell], limits: Budget, task: Description) -> Iterator[Caution]:
    theta = limits.test_threshold
    above = [cell for cell in cells if cell.feasible is False]
    near = [cell for cell in cells if cell.feasible and (cell.error_settled_predicted or 0) > theta / 10]
    late = [cell for cell in cells if cell.t2_predicted is not None and cell.t2_predicted > limits.max_steps]
    if above:
        yield Caution(
            f"{_named(above, cells)}: the predicted floor of the test error lies above its threshold {theta:g}; "
            f"they will probably not generalise: take a smaller {task.rate_fields[-1]} or a larger test_threshold",
            "/budget/test_threshold",
        )
    if near:
        yield Caution(
            f"{_named(near, cells)}: the predicted floor lies above a tenth of the test threshold {theta:g}, "
            f"where t2 departs from 1/({task.rate})",
            "/budget/test_threshold",
        )
    if late:
        yield Caution(
            f"{_named(late, cells)}: t2 is predicted beyond max_steps = {limits.max_steps} (up to "
            f"{max(cell.t2_predicted or 0 for cell in late):.3g}); such trials will be right-censored",
            "/budget/max_steps",
        )


def _refusals(looked: Sample, task: Description) -> Iterator[Caution]:
    reasons: dict[str, list[str]] = {}
    for one in looked.known.values():
        if one.refusal is not None:
            reasons.setdefault(one.refusal[0], []).append(one.refusal[1])
    limited = {f"/optimizer/{column.limits}" for column in task.theory if column.limits}
    for outcome, said in reasons.items():
        message = f"{len(said)} of {len(looked.known)} trials looked at will be {outcome} at once: {said[0]}"
        yield Caution(message, {"diverged": next(iter(limited), None), "failed": "/engine"}.get(outcome))


def _unpredicted(predicted: Cost, plan: Plan) -> Iterator[Caution]:
    if predicted.unpredicted:
        yield Caution(
            f"for {predicted.unpredicted} of {plan.total} trials theory gives no t2: steps and seconds count "
            "them at max_steps",
            "/budget/max_steps",
        )


def _unknown(predicted: Cost) -> Iterator[Caution]:
    if predicted.unknown is not None:
        yield Caution(f"{predicted.unknown}: time and memory are not known", "/task/kind")


def _named(some: Sequence[Cell], cells: Sequence[Cell]) -> str:
    numbers = ", ".join(str(cell.configuration) for cell in some[:NAMED])
    more = ", ..." if len(some) > NAMED else ""
    return f"{len(some)} of {len(cells)} cells (configurations {numbers}{more})"
