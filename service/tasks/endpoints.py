"""The route of tasks."""

from __future__ import annotations

from inspect import cleandoc

from fastapi import APIRouter

from service.queries import NoParameters
from service.tasks.models import Tasks
from studies.spec import StudySpec
from studies.spec.parse import members

router = APIRouter(prefix="/v1", tags=["tasks"])


@router.get("/tasks", summary="List the tasks", response_model=Tasks, dependencies=[NoParameters])
def list_tasks() -> object:
    """Return every task with its fields, defaults, units and sources as JSON Schema."""
    tasks = [
        {"kind": kind, "description": cleandoc(model.__doc__ or ""), "schema": model.model_json_schema()}
        for kind, model in members("task").items()
    ]
    return {"items": tasks, "specification": StudySpec.model_json_schema()}
