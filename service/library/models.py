"""The library as the interface shows it, and what it refuses."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from grokscale.service.examples import example
from grokscale.service.problems import ApiError

EXAMPLE_ITEM = example("item")


class Item(BaseModel):
    """One study of the library."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_ITEM]})

    name: str
    title: str
    figure: str | None = Field(description="the figure of the paper that it answers to")
    description: str
    claims: list[str] = Field(description="what is expected of its result")
    spec: dict[str, Any] = Field(description="its specification, in canonical form")


class Items(BaseModel):
    """All studies of the library."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [EXAMPLE_ITEM], "next": None}]})

    items: list[Item]
    next: None = Field(None, description="there is one page")


class ItemNotFound(ApiError):
    """The library has no study of this name."""

    status, kind, title = 404, "library-item-not-found", "No such study in the library"
