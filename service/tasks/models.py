"""Tasks as the interface shows them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from grokscale.service.examples import example

EXAMPLE_TASKS = example("tasks")


class Kind(BaseModel):
    """One kind of a tagged part of a specification, and its fields."""

    kind: str
    description: str
    fields: dict[str, Any] = Field(
        alias="schema",
        description="JSON Schema with defaults; `x-unit` is a field's unit, `x-source` where it is defined",
    )


class Method(Kind):
    """A regularizer or optimizer. One kind may be there several times, as several tasks have it."""

    tasks: list[str] = Field(description="kinds of the tasks that take it, with these fields")


class Code(BaseModel):
    """Where a task from outside comes from: studies of it go on with this very code only."""

    module: str = Field(description="module, or path of a file on the server")
    package: str = Field(description="distribution; empty where it belongs to none")
    version: str = Field(description="of the distribution")
    source: str = Field(description="hex SHA-256 of the sources")


class Task(Kind):
    """A task."""

    version: int = Field(description="of what the task does: results of two versions are not one study")
    code: Code | None = Field(description="of a task from outside; null: it comes with grokscale")


class Tasks(BaseModel):
    """What a study can be made of: tasks, and the methods to train them with."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_TASKS]})

    items: list[Task] = Field(description="the tasks")
    next: None = Field(None, description="there is one page")
    regularizers: list[Method]
    optimizers: list[Method]
    searches: list[Kind]
    rules: dict[str, str] = Field(description="what goes together, by kind")
    specification: dict[str, Any] = Field(alias="schema", description="JSON Schema of a whole specification")
