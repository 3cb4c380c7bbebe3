"""Turns the exceptions of `studies` into problem documents, with one entry per exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response

from grokscale.service.charts.models import NothingToDraw
from grokscale.service.events.endpoints import NothingFollows, no_content
from grokscale.service.fits.models import FitNotFound
from grokscale.service.laws.models import InvalidLaw, TooLittleData
from grokscale.service.phases.models import InvalidPhases
from grokscale.service.problems import ApiError, Fault, InvalidRequest, respond
from grokscale.service.queries import plus_hint
from grokscale.service.studies.models import (
    AnotherTask,
    ImpossibleStateChange,
    InvalidSpecification,
    StudyNotEnded,
    StudyNotFound,
)
from grokscale.service.trials.models import TrialNotFound
from grokscale.studies.charts.errors import NothingDrawn
from grokscale.studies.charts.rendering import RendererGone
from grokscale.studies.laws.errors import BadExpression, LawError, TooLittle, UnknownName
from grokscale.studies.lifecycle import ImpossibleTransition
from grokscale.studies.phases import PhasesError, UnknownField
from grokscale.studies.spec import SpecError
from grokscale.studies.store import (
    CreationLost,
    DatabaseUnavailable,
    InvalidCursor,
    InvalidFilter,
    NotEnded,
    NotFound,
    SchemaOutdated,
)
from grokscale.studies.tasks import NotAdopted
from grokscale.trainers.plugins.apart import TaskFailed

log = structlog.stdlib.get_logger("grokscale.service.refusals")


class Unavailable(ApiError):
    """The database is away or at another schema, or what was asked cannot be done at this moment; try again."""

    status, kind, title = 503, "unavailable", "Not available now"


def install(app: FastAPI) -> None:
    """Register the table with an application."""
    for error, translate in _TABLE.items():
        app.add_exception_handler(error, _handler(translate))
    app.add_exception_handler(NothingFollows, no_content)


def _handler(translate: Callable[[Any], ApiError]) -> Callable[[Request, Exception], Any]:
    async def handle(request: Request, error: Exception) -> Response:
        refusal = translate(error)
        if request.method == "POST":  # whose arguments come in the body
            refusal.faults = [fault.model_copy(update={"place": "body"}) for fault in refusal.faults]
        return respond(request.scope, refusal)

    return handle


def _specification(error: SpecError) -> ApiError:
    faults = [Fault(place="body", pointer=problem.pointer, detail=problem.message) for problem in error.problems]
    return InvalidSpecification(str(error), faults=faults)


def _task(error: TaskFailed) -> ApiError:
    fault = Fault(place="body", pointer="/task/kind", detail=str(error))
    return InvalidSpecification(str(error), faults=[fault])


def _not_found(error: NotFound) -> ApiError:
    return _NOT_FOUND[error.kind](str(error))


_NOT_FOUND = {"study": StudyNotFound, "trial": TrialNotFound, "fit": FitNotFound}


def _transition(error: ImpossibleTransition) -> ApiError:
    return ImpossibleStateChange(str(error), state=error.state, possible=list(error.possible))


def _filter(error: InvalidFilter) -> ApiError:
    return InvalidRequest(str(error), faults=[Fault(place="query", pointer=f"/{error.field}", detail=str(error))])


def _cursor(error: InvalidCursor) -> ApiError:
    detail = "not a cursor of this list; accepted: the `next` of its page before, under the same filters"
    return InvalidRequest(detail, faults=[Fault(place="query", pointer="/cursor", detail=detail)])


def _law(error: LawError) -> ApiError:
    """Return the refusal. `response` is a part of the path, every other argument one of the query."""
    parameter = error.parameter
    place = "path" if parameter == "response" else "query"
    detail = str(error) + (plus_hint(error.expression) if isinstance(error, BadExpression) else "")
    faults = [Fault(place=place, pointer=f"/{parameter}", detail=detail)] if parameter else []
    members: dict[str, Any] = {}
    if isinstance(error, UnknownName):
        members = {"known": list(error.known)}
    if isinstance(error, BadExpression):
        members = {"position": error.position}
    return InvalidLaw(detail, faults=faults, **members)


def _phases(error: PhasesError) -> ApiError:
    faults = [Fault(place="query", pointer=f"/{error.parameter}", detail=str(error))]
    members: dict[str, Any] = {"known": list(error.known)} if isinstance(error, UnknownField) else {}
    return InvalidPhases(str(error), faults=faults, **members)


def _unavailable(error: Exception) -> ApiError:
    log.error("database not usable", error=str(error))
    return Unavailable("the database is not usable; the server's log says why", headers={"Retry-After": "5"})


def _stood_still(error: CreationLost) -> ApiError:
    log.error("study not made", error=str(error))
    return Unavailable("the study was not written in time; send it again", headers={"Retry-After": "5"})


def _undrawn(error: RendererGone) -> ApiError:
    log.error("chart not drawn", error=str(error))
    return Unavailable("the chart could not be drawn now; the server's log says why", headers={"Retry-After": "1"})


_TABLE: dict[type[Exception], Callable[[Any], ApiError]] = {
    SpecError: _specification,
    TaskFailed: _task,
    NotAdopted: lambda error: AnotherTask(str(error)),
    NotFound: _not_found,
    NotEnded: lambda error: StudyNotEnded(str(error)),
    ImpossibleTransition: _transition,
    InvalidFilter: _filter,
    InvalidCursor: _cursor,
    TooLittle: lambda error: TooLittleData(str(error), counts=error.counts),
    LawError: _law,
    PhasesError: _phases,
    NothingDrawn: lambda error: NothingToDraw(str(error)),
    RendererGone: _undrawn,
    CreationLost: _stood_still,
    DatabaseUnavailable: _unavailable,
    SchemaOutdated: _unavailable,
}
