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


class Tasks(BaseModel):
    """What a study can be made of: tasks, and the methods to train them with."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_TASKS]})

    items: list[Kind] = Field(description="the tasks")
    next: None = Field(None, description="there is one page")
    regularizers: list[Kind]
    optimizers: list[Kind]
    searches: list[Kind]
    rules: dict[str, str] = Field(description="what goes together, by kind")
    later: dict[str, list[str]] = Field(description="words that this version does not carry out yet")
    specification: dict[str, Any] = Field(alias="schema", description="JSON Schema of a whole specification")
