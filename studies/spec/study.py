"""The study specification as a whole: the body of `POST /v1/studies` and every file of the library."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from grokscale.studies.spec.lists import ListOf
from grokscale.studies.spec.numbers import Number, whole
from grokscale.studies.spec.rules import contradictions
from grokscale.studies.spec.searches import Grid, Search
from grokscale.studies.spec.sections import Optimizer, Regularizer, Section, Task, field
from grokscale.studies.spec.thresholds import Level, Threshold
from grokscale.studies.spec.words import Seeds, Text, Word
from grokscale.trainers.tasks.description import MISSING, Description
from grokscale.trainers.tasks.registry import described


class BudgetSection(Section):
    """How long a trial may run and what is kept of it."""

    max_steps: Annotated[int, whole(1, 10**12)] = field(
        10_000_000, "steps after which a trial is cut off", unit="steps"
    )
    max_seconds: Annotated[float | None, Number(0, above=True, null="no limit")] = field(
        None, "compute time after which a pack is cut off", unit="s"
    )
    stop: Annotated[
        Literal["auto", "after_t2", "settled", "max_steps"],
        Word(("auto", "after_t2", "settled", "max_steps")),
    ] = field(
        "auto",
        "after_t2: t2 plus max(1000 steps, 2 %); settled: until certified or settled; max_steps: to the end; "
        "auto: settled where trials may be fast-forwarded, else after_t2",
    )
    record: Annotated[Literal["curves", "coordinates"], Word(("curves", "coordinates"))] = field(
        "curves", "what is kept along the run; coordinates: the iterate too, at the curve's steps"
    )
    train_threshold: Annotated[Level, Threshold()] = field(
        1e-2, "train error that counts as memorised, or {measure: level} for a measure of the task in its place"
    )
    test_threshold: Annotated[Level, Threshold()] = field(
        1e-2, "test error that counts as generalised, or {measure: level} likewise"
    )
    plateau_every: Annotated[int, whole(1, 1_000_000)] = field(
        1000, "cadence of the published plateau rule after its first 1000 steps", unit="steps", source="code: 1000"
    )


class ResourcesSection(Section):
    """What one pack gets."""

    cpus: Annotated[int, whole(1, 1024)] = field(1, "CPU cores of a pack")
    gpus: Annotated[int, whole(0, 1)] = field(0, "GPUs of a pack")
    max_packs: Annotated[int | None, whole(1, 100_000, null="as many as the cluster takes")] = field(
        None, "packs that run side by side at most"
    )


def _only_methods(task: Description) -> dict[str, dict[str, str]]:
    """Return the regulariser and the optimiser of a task where it has one alone, of which every field has a default."""
    parts = (("regularizer", task.regularizers), ("optimizer", task.optimizers))
    return {
        part: {"kind": sections[0].kind}
        for part, sections in parts
        if len(sections) == 1 and all(one.default is not MISSING for one in sections[0].fields)
    }


def _say_what_may_be_left_out(schema: dict[str, Any]) -> None:
    """Require a method of those tasks alone of which it has to be stated."""
    for part in ("regularizer", "optimizer"):
        free = [kind for kind, task in described().items() if part in _only_methods(task)]
        if free:
            schema["required"].remove(part)
            of_these = {"properties": {"task": {"properties": {"kind": {"enum": free}}}}}
            schema.setdefault("allOf", []).append({"if": of_these, "else": {"required": [part]}})


class StudySpec(Section):
    """A study: a task, a regulariser and an optimiser with their swept fields, seeds, search and budget.

    Everything that is left out takes its default; `canonical` has them filled in. Build one with
    `studies.spec.parse` or `load`, which answer every faulty field by JSON pointer.
    """

    # which tasks there are is known when the first specification is read
    model_config = ConfigDict(defer_build=True, json_schema_extra=_say_what_may_be_left_out)

    name: Annotated[str, Text()] = field(..., "1 to 200 printable characters")
    tags: Annotated[tuple[str, ...], ListOf(Text(), 0, 50)] = field((), "words to find the study by")
    seed: Annotated[int, whole(0, 2**32 - 1)] = field(0, "of the study: with a trial's seed it keys the random streams")
    task: Task
    regularizer: Regularizer
    optimizer: Optimizer
    seeds: Annotated[int | tuple[int, ...], Seeds()] = field(
        ..., "how many (0, 1, ...), or the seeds themselves; every configuration runs with every seed"
    )
    search: Search = Grid()
    budget: BudgetSection = BudgetSection()
    engine: Annotated[
        Literal["auto", "step", "fast_forward", "surrogate"],
        Word(("auto", "step", "fast_forward", "surrogate")),
    ] = field(
        "auto",
        "how times are obtained; step and fast_forward: to the step; auto: whichever of the two is faster; "
        "surrogate: the subgradient method's from proximal steps, as intervals",
    )
    resources: ResourcesSection = ResourcesSection()
    priority: Annotated[int, whole(-1000, 1000)] = field(0, "higher runs first")

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_task(cls, given: Any) -> Any:
        """Fill in what the task says where it is left out: thresholds, and methods that leave nothing to choose."""
        if not isinstance(given, Mapping):
            return given
        task, budget = given.get("task"), given.get("budget", {})
        kind = task.get("kind") if isinstance(task, Mapping) else None
        told = described().get(kind) if isinstance(kind, str) else None
        if told is None or not isinstance(budget, Mapping):
            return given
        own = dict(zip(("train_threshold", "test_threshold"), told.thresholds, strict=True))
        return {**_only_methods(told), **given, "budget": {**own, **budget}}

    @model_validator(mode="after")
    def _no_contradictions(self) -> Self:
        found = contradictions(flat(self))
        if found:
            details = [
                InitErrorDetails(type=PydanticCustomError("contradiction", "{m}", {"m": m}), loc=loc, input=self.name)
                for loc, m in found
            ]
            raise ValidationError.from_exception_data("StudySpec", details)
        return self

    def canonical(self) -> dict[str, Any]:
        """Return the JSON form with all defaults filled in and numbers normalised: parsing it gives this spec again."""
        return self.model_dump(mode="json", by_alias=True)

    def hash(self) -> str:
        """Return the hex SHA-256 of the canonical form, keys sorted."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def seed_list(self) -> range | tuple[int, ...]:
        """Return the seeds in the order of the specification, unexpanded where they are counted."""
        return range(self.seeds) if isinstance(self.seeds, int) else self.seeds


def flat(spec: StudySpec) -> dict[str, Any]:
    """Return the parsed fields by dotted name: `task.n`, `optimizer.kind`, `seeds`."""
    values: dict[str, Any] = {}
    for name in StudySpec.model_fields:
        value = getattr(spec, name)
        if isinstance(value, Section):
            values |= {f"{name}.{inner}": getattr(value, inner) for inner in type(value).model_fields}
        else:
            values[name] = value
    return values
