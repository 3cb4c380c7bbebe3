"""Tasks as the interface shows them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Task(BaseModel):
    """One kind of task and its fields."""

    kind: str
    description: str
    fields: dict[str, Any] = Field(
        alias="schema",
        description="JSON Schema of the `task` part of a specification; `x-unit` and `x-source` say a field's unit and "
        "where it is defined",
    )


class Tasks(BaseModel):
    """All tasks of this server, and the schema of a whole specification."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {"kind": "sparse_recovery", "description": "Sparse recovery", "schema": {"type": "object"}}
                    ],
                    "next": None,
                    "specification": {"type": "object"},
                }
            ]
        }
    )

    items: list[Task]
    next: None = Field(None, description="there is one page")
    specification: dict[str, Any] = Field(description="JSON Schema of a whole specification")
