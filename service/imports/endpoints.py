"""The route of imports."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool

from grokscale.service.context import TheSettings, TheStore
from grokscale.service.idempotency import TheAttempt
from grokscale.service.imports.bodies import Table, TheTable
from grokscale.service.imports.models import DOCUMENTED, ImportQuery, InvalidTable, TableTooLong
from grokscale.service.problems import BodyTooLarge, Fault, InvalidRequest, UnsupportedMediaType, refusals
from grokscale.service.studies.models import IdempotencyKeyReused, Study, SubmissionUnderWay
from grokscale.service.studies.submission import Submission
from grokscale.service.work.fitters import FitTooLong
from grokscale.service.work.rooms import Busy
from grokscale.service.work.work import TheWork, Work
from grokscale.studies.imports import bodies
from grokscale.studies.imports.asked import ARGUMENTS
from grokscale.studies.imports.errors import TableError
from grokscale.studies.imports.reading import JSON
from grokscale.studies.imports.trials import Imported
from grokscale.studies.settings import Settings
from grokscale.studies.store import StudyRecord

router = APIRouter(prefix="/v1", tags=["studies"])


@router.post(
    "/studies:import",
    status_code=201,
    summary="Import finished runs",
    response_model=Study,
    responses={201: {"headers": {"Location": {"description": "path of the study", "schema": {"type": "string"}}}}}
    | refusals(BodyTooLarge, UnsupportedMediaType, InvalidTable, InvalidRequest, TableTooLong)
    | refusals(IdempotencyKeyReused, SubmissionUnderWay, Busy),
    openapi_extra=DOCUMENTED,
)
async def import_study(
    table: TheTable,
    query: Annotated[ImportQuery, Query()],
    attempt: TheAttempt,
    store: TheStore,
    settings: TheSettings,
    work: TheWork,
    response: Response,
) -> StudyRecord:
    """Make a study of runs that were made elsewhere, so that laws, fits, phases, charts and exports serve them.

    The study is `completed` when it comes; its trials are never run or retried. What is said beside a table (its name,
    its rate, its units) are parameters for CSV and Parquet, which are then sent as they are; a JSON document says it
    itself. A faulty table is answered with every faulty cell, and nothing is made of it. `docs/science.md` has the
    table by which `t2_censoring` and `t1_censoring` make an outcome.
    """
    if table.media == JSON and query.model_fields_set:
        detail = "a JSON document says it itself; accepted: no parameters"
        faults = [Fault(place="query", pointer=f"/{name}", detail=detail) for name in sorted(query.model_fields_set)]
        raise InvalidRequest(detail, faults=faults)
    body_hash = await run_in_threadpool(table.hash, query.said())
    submission = Submission(store, attempt, body_hash)
    study = await run_in_threadpool(submission.answered)
    if study is None:
        study = await work.table(_imported, table, query.said(), submission, settings, work)
    response.headers["Location"] = f"/v1/studies/{study.id}"
    return study


def _imported(
    table: Table, said: dict[str, Any], submission: Submission, settings: Settings, work: Work
) -> StudyRecord:
    return submission.keep(_read(table, said, settings, work), settings)


def _read(table: Table, said: dict[str, Any], settings: Settings, work: Work) -> Imported:
    """Read a table in a process of its own, which nobody minds if it ends."""
    try:
        return work.apart(bodies.read, table.content, table.media, said, settings.max_trials)
    except TableError as error:
        faults = [
            Fault(place=_place(problem.pointer, table), pointer=problem.pointer, detail=problem.message)
            for problem in error.problems
        ]
        raise InvalidTable(str(error), faults=faults) from error
    except FitTooLong:
        detail = (
            f"ended after {settings.fit_seconds:g} s, the limit of this server (GROKSCALE_FIT_SECONDS); accepted: "
            "fewer rows or columns"
        )
        raise TableTooLong(detail) from None


def _place(pointer: str, table: Table) -> Any:
    beside = table.media != JSON and pointer.removeprefix("/") in ARGUMENTS
    return "query" if beside else "body"
