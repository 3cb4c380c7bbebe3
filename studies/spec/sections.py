"""The parts of a specification that tasks describe: the task itself, its regularisers and its optimisers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    create_model,
)
from pydantic_core import CoreSchema, core_schema

from grokscale.studies.spec.lists import ListOf
from grokscale.studies.spec.numbers import Leaf, Number, whole
from grokscale.studies.spec.sweeps import Sweep
from grokscale.studies.spec.words import Text, Word
from grokscale.trainers.tasks import description
from grokscale.trainers.tasks.description import MISSING
from grokscale.trainers.tasks.registry import described

Part = Literal["task", "regularizer", "optimizer"]


class Section(BaseModel):
    """A part of a specification: nothing but its fields, and frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def field(default: Any, description: str, *, unit: str = "1", source: str = "", alias: str | None = None) -> Any:
    """Return a field with its default (`...` for none), what it is, its unit, and where it is defined."""
    extra: dict[str, Any] = {"x-unit": unit} | ({"x-source": source} if source else {})
    return Field(default, alias=alias, description=description, json_schema_extra=extra)


def leaf(name: str, accepts: description.Accepts) -> Leaf:
    """Return the check of what a field accepts, but for a group."""
    match accepts:
        case description.Real():
            return Number(accepts.low, accepts.high, accepts.above, accepts.below, null=accepts.null)
        case description.Whole():
            return whole(accepts.low, accepts.high, null=accepts.null)
        case description.OneOf():
            return Word(accepts.words)
        case description.ListOf():
            return ListOf(leaf(name, accepts.member), accepts.least, accepts.most)
        case description.Line():
            return Text()
        case description.Group():
            raise TypeError(f"{name}: a group has no check of its own")


def _annotated(one: description.Field) -> Any:
    if isinstance(one.accepts, description.Group):
        return model(one.accepts.name, one.accepts.says, one.accepts.fields) | None
    check = leaf(one.name, one.accepts)
    if one.sweeps:
        assert isinstance(check, Number)
        check = Sweep(check)
    return Annotated[Any, check]


@cache
def model(title: str, says: str, fields: tuple[description.Field, ...], kind: str | None = None) -> type[Section]:
    """Return the model of a section or group, its fields and their defaults as they are described.

    One description has one model, however often it is asked for: what was read stays of the type that is written.
    """
    made: dict[str, Any] = {} if kind is None else {"kind": (Literal[kind], ...)}
    for one in fields:
        default = ... if one.default is MISSING else one.default
        told = field(default, one.says, unit=one.unit, source=one.source, alias=one.alias or None)
        made[one.name] = (_annotated(one), told)
    return create_model(title, __base__=Section, __doc__=says, **made)


@cache
def models(part: Part, task: str | None = None) -> dict[str, type[Section]]:
    """Return the models of a part by kind, of all tasks that this process knows; made when they are first needed.

    Args:
        part: of a specification.
        task: where tasks describe a method of one kind in several ways, whose counts; None: the first one's.
    """
    if part == "task":
        return {kind: model(one.title, one.says, one.fields, kind) for kind, one in described().items()}
    known: dict[str, description.Section] = {}
    for section in (section for one in described().values() for section in methods(one, part)):
        known.setdefault(section.kind, section)
    if task is not None and task in described():
        known |= {section.kind: section for section in methods(described()[task], part)}
    return {kind: model(one.title, one.says, one.fields, kind) for kind, one in known.items()}


def methods(task: description.Description, part: Part) -> tuple[description.Section, ...]:
    """Return the regularisers or optimisers of a task."""
    return task.regularizers if part == "regularizer" else task.optimizers


@dataclass(frozen=True)
class _OneOf:
    """One of a part's sections, told apart by its kind; which there are is asked when a schema is made.

    Where a task describes a method otherwise than the tasks before it, the section is read by the study's own task.
    """

    part: Part

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        general = handler.generate_schema(_union(models(self.part)))
        own = {task: TypeAdapter(_union(models(self.part, task))) for task in self._others()}
        if not own:
            return general

        def by_its_task(value: Any, rest: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
            adapter = own.get(info.data["task"].kind) if "task" in info.data else None
            return rest(value) if adapter is None else adapter.validate_python(value)

        return core_schema.with_info_wrap_validator_function(
            by_its_task, general, serialization=core_schema.plain_serializer_function_ser_schema(_plain)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        others = self._others()
        if not others:
            return handler(schema)
        every = dict.fromkeys(model for task in (None, *others) for model in models(self.part, task).values())
        return handler(TypeAdapter(reduce(or_, every)).core_schema)

    def _others(self) -> list[str]:
        if self.part == "task":
            return []
        return [task for task in described() if models(self.part, task) != models(self.part)]


def _union(found: dict[str, type[Section]]) -> Any:
    return Annotated[reduce(or_, found.values()), Field(discriminator="kind")]


def _plain(section: Section) -> dict[str, Any]:
    return section.model_dump(mode="json", by_alias=True)


if TYPE_CHECKING:

    class Chosen(Section):
        """One of several sections, told apart by its kind."""

        kind: str

        def __getattr__(self, name: str) -> Any: ...

    Task = Regularizer = Optimizer = Chosen
else:
    Task, Regularizer, Optimizer = (Annotated[Any, _OneOf(part)] for part in ("task", "regularizer", "optimizer"))
