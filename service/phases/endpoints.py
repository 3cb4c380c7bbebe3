"""The route of phases."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from grokscale.service.context import TheStore
from grokscale.service.laws.models import TooLittleData
from grokscale.service.phases.models import InvalidPhases, Phases, PhasesQuery
from grokscale.service.problems import InvalidRequest, refusals
from grokscale.service.studies.models import StudyNotFound
from grokscale.service.work.fitters import FitTooLong
from grokscale.service.work.rooms import Busy
from grokscale.service.work.work import TheWork, Work
from grokscale.studies.phases import phases
from grokscale.studies.store import Store

router = APIRouter(prefix="/v1", tags=["phases"])


@router.get(
    "/studies/{study_id:id}/phases",
    summary="Draw a phase diagram",
    response_model=Phases,
    responses=refusals(StudyNotFound, TooLittleData, InvalidPhases, InvalidRequest, FitTooLong, Busy),
)
async def draw_phases(
    study_id: str, query: Annotated[PhasesQuery, Query()], store: TheStore, work: TheWork
) -> dict[str, Any]:
    """Count the outcomes over one or two fields, and find where half of the trials end with one of them.

    Fractions have Wilson's 95 % interval. The contour is that of a logistic regression, Firth's penalised one where the
    axes separate the outcomes, with a profile-likelihood interval in x at every value of y. Trials that have not ended
    are counted beside; failed, cancelled and uninformative ones are counted out.
    """
    return await work.law(_draw, study_id, query, store, work)


def _draw(study_id: str, query: PhasesQuery, store: Store, work: Work) -> dict[str, Any]:
    return work.of(phases, store.table(study_id), query.x, query.y, outcome=query.outcome, by=query.by)
