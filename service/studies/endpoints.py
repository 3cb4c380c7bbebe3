"""The routes of studies."""

from __future__ import annotations

import shutil
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool

from grokscale.service.context import TheSettings, TheStore
from grokscale.service.etags import IfNoneMatch, tagged
from grokscale.service.idempotency import TheAttempt
from grokscale.service.problems import BodyTooLarge, InvalidRequest, UnsupportedMediaType, refusals
from grokscale.service.queries import NoParameters
from grokscale.service.studies.bodies import DOCUMENTED, Document, TheDocument
from grokscale.service.studies.forecasts import Forecast
from grokscale.service.studies.models import (
    AnotherTask,
    IdempotencyKeyReused,
    ImpossibleStateChange,
    InvalidSpecification,
    Studies,
    StudiesQuery,
    Study,
    StudyNotEnded,
    StudyNotFound,
    SubmissionUnderWay,
    TooMuchQueued,
)
from grokscale.service.studies.submission import Submission, resources
from grokscale.service.studies.waiting import explained
from grokscale.service.sweeper import TheSweeper
from grokscale.service.work.rooms import Busy
from grokscale.service.work.work import TheWork
from grokscale.studies.lifecycle import ENDED, WAITING, Event
from grokscale.studies.plan import Plan, forecast, plan
from grokscale.studies.settings import Settings
from grokscale.studies.spec import StudySpec
from grokscale.studies.store import Page, Store, StudyFilter, StudyRecord
from grokscale.studies.tasks import adopt

router = APIRouter(prefix="/v1", tags=["studies"])

_REFUSED_BODIES = (BodyTooLarge, UnsupportedMediaType, InvalidSpecification)


@router.post(
    "/studies",
    status_code=201,
    summary="Submit a study",
    response_model=Study,
    responses={201: {"headers": {"Location": {"description": "path of the study", "schema": {"type": "string"}}}}}
    | refusals(*_REFUSED_BODIES, IdempotencyKeyReused, SubmissionUnderWay, TooMuchQueued, Busy),
    openapi_extra=DOCUMENTED,
    dependencies=[NoParameters],
)
async def submit_study(
    document: TheDocument,
    attempt: TheAttempt,
    store: TheStore,
    settings: TheSettings,
    work: TheWork,
    response: Response,
) -> StudyRecord:
    """Write a queued study, which a runner then takes. A faulty specification is answered with every faulty field."""
    submission = Submission(store, attempt, document.hash())
    study = await run_in_threadpool(submission.answered)
    if study is None:
        spec, planned = await work.specification(_planned, document, store, settings)
        study = await run_in_threadpool(submission.make, spec, planned, settings)
    response.headers["Location"] = f"/v1/studies/{study.id}"
    return study


def _planned(document: Document, store: Store, settings: Settings) -> tuple[StudySpec, Plan]:
    spec = document.parse(settings)
    return spec, plan(spec, resources(store, settings))


@router.post(
    "/studies:validate",
    summary="Say what a study would take",
    response_model=Forecast,
    responses=refusals(*_REFUSED_BODIES, Busy),
    openapi_extra=DOCUMENTED,
    dependencies=[NoParameters],
)
async def validate_study(document: TheDocument, store: TheStore, settings: TheSettings, work: TheWork) -> object:
    """Check a specification and predict its trials, steps, time, memory and unreachable thresholds; write nothing."""
    return await work.specification(_forecast, document, store, settings)


def _forecast(document: Document, store: Store, settings: Settings) -> object:
    spec = document.parse(settings)
    available = resources(store, settings)
    return forecast(spec, plan(spec, available), available).to_json()


@router.get("/studies", summary="List studies", response_model=Studies, responses=refusals(InvalidRequest))
def list_studies(query: Annotated[StudiesQuery, Query()], store: TheStore, settings: TheSettings) -> Page[StudyRecord]:
    """Return a page of studies, newest first."""
    chosen = StudyFilter(
        states=tuple(query.state),
        task=query.task,
        name_prefix=query.name_prefix,
        tag=query.tag,
        created_after=query.created_after,
        created_before=query.created_before,
    )
    page = store.studies(chosen, query.limit, query.cursor)
    return Page(tuple(explained(page.items, store, settings)), page.next)


@router.get(
    "/studies/{study_id:id}",
    summary="Read a study",
    response_model=Study,
    responses={304: {"description": "It is as the ETag in If-None-Match says."}} | refusals(StudyNotFound),
    dependencies=[NoParameters],
)
def read_study(study_id: str, store: TheStore, settings: TheSettings, if_none_match: IfNoneMatch = None) -> Response:
    """Return one study with its progress, and its ETag."""
    (study,) = explained([store.study(study_id)], store, settings)
    return tagged(Study.model_validate(study), if_none_match)


@router.post(
    "/studies/{study_id:id}:cancel",
    summary="Cancel a study",
    response_model=Study,
    responses=refusals(StudyNotFound, ImpossibleStateChange),
    dependencies=[NoParameters],
)
def cancel_study(study_id: str, store: TheStore) -> StudyRecord:
    """End what runs; trials that have not ended get the outcome `cancelled`. Asking again changes nothing."""
    return _change(store, study_id, "cancel")


@router.post(
    "/studies/{study_id:id}:stop",
    summary="Stop a study",
    response_model=Study,
    responses=refusals(StudyNotFound, ImpossibleStateChange),
    dependencies=[NoParameters],
)
def stop_study(study_id: str, store: TheStore) -> StudyRecord:
    """Start nothing new and let what runs come to its end. Asking again changes nothing."""
    return _change(store, study_id, "stop")


@router.post(
    "/studies/{study_id:id}:retry",
    summary="Retry a study",
    response_model=Study,
    responses=refusals(StudyNotFound, ImpossibleStateChange, AnotherTask, Busy),
    dependencies=[NoParameters],
)
async def retry_study(study_id: str, store: TheStore, work: TheWork) -> StudyRecord:
    """Take failed and cancelled trials of an ended study back, and queue it. Asking again changes nothing.

    A study that waits because the code of its task is another one now goes on with that, where it takes the same
    specification and draws the same data.
    """
    return await work.specification(_retry, store, study_id)


def _retry(store: Store, study_id: str) -> StudyRecord:
    if store.state(study_id) in ENDED | WAITING:
        adopt(store, study_id)
    return _change(store, study_id, "retry")


def _change(store: Store, study_id: str, event: Event) -> StudyRecord:
    store.transition(study_id, event)
    return store.study(study_id)


@router.delete(
    "/studies/{study_id:id}",
    status_code=204,
    summary="Delete a study",
    responses=refusals(StudyNotFound, StudyNotEnded),
    dependencies=[NoParameters],
)
def delete_study(study_id: str, store: TheStore, settings: TheSettings, sweeper: TheSweeper) -> None:
    """Delete an ended study with its trials, curves, events and checkpoints. It is gone at once, its rows soon."""
    store.delete_study(study_id)
    sweeper.wake()
    assert settings.checkpoint_dir is not None
    shutil.rmtree(settings.checkpoint_dir / study_id, ignore_errors=True)
