"""The routes of the library."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from grokscale.service.context import TheSettings, TheStore
from grokscale.service.idempotency import TheAttempt
from grokscale.service.library.models import ItemNotFound, Items
from grokscale.service.problems import refusals
from grokscale.service.queries import NoParameters
from grokscale.service.studies.models import IdempotencyKeyReused, Study, SubmissionUnderWay, TooMuchQueued
from grokscale.service.studies.submission import Submission, resources
from grokscale.studies import library
from grokscale.studies.plan import plan
from grokscale.studies.store import StudyRecord

router = APIRouter(prefix="/v1/library", tags=["library"], dependencies=[NoParameters])


@router.get("", summary="List the library", response_model=Items)
def list_library() -> dict[str, Any]:
    """Return the studies that come with the product, specifications included."""
    return {"items": [library.item(name).to_json() for name in library.names()]}


@router.post(
    "/{name:word}:submit",
    status_code=201,
    summary="Submit a study of the library",
    response_model=Study,
    responses={201: {"headers": {"Location": {"description": "path of the study", "schema": {"type": "string"}}}}}
    | refusals(ItemNotFound, IdempotencyKeyReused, SubmissionUnderWay, TooMuchQueued),
)
def submit_item(
    name: str, attempt: TheAttempt, store: TheStore, settings: TheSettings, response: Response
) -> StudyRecord:
    """Write a queued study with the specification of a library item."""
    try:
        spec = library.item(name).spec
    except library.UnknownItem as error:
        raise ItemNotFound(str(error)) from error
    submission = Submission(store, attempt, spec.hash())
    study = submission.answered() or submission.make(spec, plan(spec, resources(store, settings)), settings)
    response.headers["Location"] = f"/v1/studies/{study.id}"
    return study
