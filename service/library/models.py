"""The library as the interface shows it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from grokscale.service.studies.models import EXAMPLE_SPEC

EXAMPLE_ITEM: dict[str, Any] = {
    "name": "quickstart",
    "title": "The grokking time of sparse recovery is inversely proportional to alpha beta",
    "figure": None,
    "description": "A small version of the published study of sparse recovery.",
    "claims": ["t2 is proportional to 1/(alpha beta)"],
    "spec": EXAMPLE_SPEC,
}


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
