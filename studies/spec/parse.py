"""From untyped data to a `StudySpec`, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, cast, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from grokscale.studies.documents import MOST, FieldProblem, SpecError, plain, pointer, show
from grokscale.studies.spec.limits import Limits
from grokscale.studies.spec.numbers import Fault, Leaf
from grokscale.studies.spec.rules import contradictions, excesses
from grokscale.studies.spec.sections import Part, Section, models
from grokscale.studies.spec.study import StudySpec, flat

TAGGED = ("task", "regularizer", "optimizer", "search")


def parse(data: Any, limits: Limits | None = None, test_tasks: bool = False) -> StudySpec:
    """Return the specification that plain JSON data states.

    Args:
        data: objects, lists, texts, numbers, booleans and null, as read from JSON or YAML.
        limits: the server's limits; sizes are computed, nothing is expanded.
        test_tasks: whether trials may misbehave on purpose.

    Raises:
        SpecError: with one problem a faulty field, all of them at once.
    """
    limits = limits or Limits()
    plain(data)
    try:
        spec = StudySpec.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=True)
        problems = [_problem(data, details) for details in found[: MOST + 1]]
        known = _known(data)
        more = [*contradictions(known), *excesses(known, limits, test_tasks)]
        raise SpecError([*problems, *_of(more)]) from None
    beyond = excesses(flat(spec), limits, test_tasks)
    if beyond:
        raise SpecError(_of(beyond))
    return spec


def _of(faults: list[Fault]) -> list[FieldProblem]:
    return [FieldProblem(pointer(where), message) for where, message in faults]


def _problem(data: Any, details: ErrorDetails) -> FieldProblem:
    """Return the problem that one of pydantic's errors states, in our words and at the user's own path."""
    loc = list(details["loc"])
    value = details["input"]
    if details["type"] == "contradiction":
        return FieldProblem(pointer(loc), details["msg"])
    if len(loc) >= 2 and loc[0] in TAGGED:
        del loc[1]  # pydantic puts the union's tag there
    kind = details["type"]
    if kind == "refused":
        return FieldProblem(pointer(loc), details["msg"])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        words = ", ".join(kinds(str(loc[0])))
        at = pointer((*loc, "kind"))
        if kind == "union_tag_not_found":
            return FieldProblem(at, f"missing; accepted: {words}")
        return FieldProblem(at, f"{show(value['kind'])} is refused; accepted: {words}")
    section = _section(data, loc[:-1])
    if kind == "missing":
        return FieldProblem(pointer(loc), f"missing; accepted: {_accepted(section, str(loc[-1]))}")
    if kind == "extra_forbidden":
        return FieldProblem(
            pointer(loc), f"{_whose(section)} has no field {show(loc[-1])}; accepted: {_names(section)}"
        )
    return FieldProblem(
        pointer(loc), f"{show(value)} is refused; accepted: {_accepted(section, str(loc[-1]) if loc else '')}"
    )


@cache
def members(name: str, task: str | None = None) -> dict[str, type[Section]]:
    """Return the models of a tagged part (`task`, `regularizer`, ...) by kind; `task`: see `sections.models`."""
    if name in get_args(Part):
        return models(cast(Part, name), task if name != "task" else None)
    union = get_args(StudySpec.model_fields[name].annotation)
    return {get_args(model.model_fields["kind"].annotation)[0]: model for model in union}


def kinds(name: str) -> tuple[str, ...]:
    """Return the kinds of a tagged part that this version accepts."""
    return tuple(members(name))


def _section(data: Any, loc: list[str | int]) -> type[Section]:
    """Return the model at a path of the user's data."""
    model: type[Section] = StudySpec
    task = _task_of(data)
    for part in loc:
        data = data.get(part) if isinstance(data, dict) else None
        if part in TAGGED and model is StudySpec:
            model = members(str(part), task)[data["kind"]] if isinstance(data, dict) else model
        else:
            model = _model_of(model.model_fields[str(part)]) or model
    return model


def _task_of(data: Any) -> str | None:
    """Return the kind of the task that the user's data name."""
    section = data.get("task") if isinstance(data, dict) else None
    kind = section.get("kind") if isinstance(section, dict) else None
    return kind if isinstance(kind, str) else None


def _model_of(info: FieldInfo) -> type[Section] | None:
    candidates = (info.annotation, *get_args(info.annotation))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, Section)), None)


def _whose(section: type[Section]) -> str:
    if section is StudySpec:
        return "a specification"
    kind = section.model_fields.get("kind")
    return get_args(kind.annotation)[0] if kind else section.__name__.removesuffix("Section").lower()


def _names(section: type[Section]) -> str:
    return ", ".join(info.alias or name for name, info in section.model_fields.items())


def _accepted(section: type[Section], name: str) -> str:
    info = section.model_fields.get(name)
    if info is None:
        return "an object"
    leaf = next((m for m in info.metadata if isinstance(m, Leaf)), None)
    if leaf is not None:
        return leaf.accepted
    if name in TAGGED:
        return f"an object with kind {', '.join(kinds(name))}"
    model = _model_of(info)
    return f"an object with {_names(model)}" if model else str(info.description)


def _known(data: Any) -> dict[str, Any]:
    """Return the fields that parse on their own, by dotted name, defaults included."""
    known: dict[str, Any] = {}
    if not isinstance(data, dict):
        return known
    for name, info in StudySpec.model_fields.items():
        if name in TAGGED or _model_of(info):
            known |= dict(_known_inside(name, info, data))
        else:
            known |= dict(_known_field(StudySpec, name, name, data))
    return known


def _known_inside(name: str, info: FieldInfo, data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    given = data.get(name, {"kind": "grid"} if name == "search" else {})
    if not isinstance(given, dict):
        return
    kind = given.get("kind")
    model = members(name, _task_of(data)).get(kind) if name in TAGGED and isinstance(kind, str) else _model_of(info)
    if model is None or (name in TAGGED and not isinstance(kind, str)):
        return
    for inner in model.model_fields:
        yield from _known_field(model, inner, f"{name}.{inner}", given)


def _known_field(model: type[Section], name: str, dotted: str, given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    info = model.model_fields[name]
    if name not in given:
        if not info.is_required():
            yield dotted, info.default
        return
    try:
        yield dotted, _adapter(model, name).validate_python(given[name])
    except ValidationError:
        return


@cache
def _adapter(model: type[Section], name: str) -> TypeAdapter[Any]:
    info = model.model_fields[name]
    leaf = next((m for m in info.metadata if isinstance(m, Leaf)), None)
    return TypeAdapter(Annotated[Any, leaf] if leaf else cast(Any, info.annotation))
