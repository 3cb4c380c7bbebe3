"""From a specification to its configurations: flat fields, in the order of the specification's own fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from grokscale.studies.search.draws import random_points, sobol_points
from grokscale.studies.search.grid import grid
from grokscale.studies.search.space import first_points
from grokscale.studies.spec import StudySpec
from grokscale.studies.spec.searches import Adaptive, Random, Sobol
from grokscale.studies.spec.sweeps import Swept, is_swept

Config = dict[str, Any]


def fields(spec: StudySpec) -> Config:
    """Return the flat fields of a trial's configuration, sweeps unexpanded.

    The fields of the task, `regularizer` and `optimizer` with their kinds, and the fields of those two.
    """
    flat = {name: getattr(spec.task, name) for name in type(spec.task).model_fields if name != "kind"}
    if flat.get("faults") is not None:
        flat["faults"] = flat["faults"].model_dump(mode="json", by_alias=True)
    for part in ("regularizer", "optimizer"):
        section = getattr(spec, part)
        flat[part] = section.kind
        flat |= {name: getattr(section, name) for name in type(section).model_fields if name != "kind"}
    return flat


def swept(spec: StudySpec) -> dict[str, Swept]:
    """Return the swept fields of a configuration by name, in their order."""
    return {name: field for name, field in fields(spec).items() if is_swept(field)}


def configurations(spec: StudySpec) -> list[Config]:
    """Return the configurations of a study in the order of their numbers; pure, and the same on every machine.

    Of an adaptive search these are the first batch.
    """
    return at_points(spec, _points(spec, swept(spec)))


def at_points(spec: StudySpec, points: Iterable[tuple[Any, ...]]) -> list[Config]:
    """Return the configurations at points of the swept fields."""
    fixed, sweeps = fields(spec), swept(spec)
    return [fixed | dict(zip(sweeps, point, strict=True)) for point in points]


def _points(spec: StudySpec, sweeps: Mapping[str, Swept]) -> list[tuple[Any, ...]]:
    search = spec.search
    if isinstance(search, Random):
        return random_points(sweeps.values(), search.num_configs, spec.seed)
    if isinstance(search, Sobol):
        return sobol_points(sweeps.values(), search.num_configs, spec.seed)
    if isinstance(search, Adaptive):
        return first_points(sweeps, search, spec.seed)
    return grid(sweeps.values())
