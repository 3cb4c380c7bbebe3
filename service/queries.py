"""Query parameters: strict, and the two that every list has."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    """Base of every route's query parameters: an unknown one is refused by name."""

    model_config = ConfigDict(extra="forbid")


class Paging(Parameters):
    """One page of a list."""

    limit: int = Field(100, ge=1, le=1000, description="items on a page")
    cursor: str | None = Field(None, description="the `next` of the page before", max_length=2000)


def _none(parameters: Annotated[Parameters, Query()]) -> None:
    """Refuse all query parameters."""


NoParameters = Depends(_none)
"""For the `dependencies=` of a route without query parameters."""
