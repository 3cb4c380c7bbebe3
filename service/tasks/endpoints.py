"""The route of tasks."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from grokscale.service.queries import NoParameters
from grokscale.service.tasks.models import Tasks
from grokscale.studies.spec.catalogue import catalogue

router = APIRouter(prefix="/v1", tags=["tasks"])


@router.get("/tasks", summary="List the tasks", response_model=Tasks, dependencies=[NoParameters])
def list_tasks() -> dict[str, Any]:
    """Return every task, regularizer, optimizer and search with its fields, defaults, units and sources."""
    described = catalogue()
    return {"items": described.pop("tasks"), **described}
