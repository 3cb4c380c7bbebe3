"""The route of laws."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from grokscale.service.context import TheStore
from grokscale.service.laws.models import InvalidLaw, Law, LawQuery, TooLittleData
from grokscale.service.problems import InvalidRequest, refusals
from grokscale.service.studies.models import StudyNotFound
from grokscale.service.work.fitters import FitTooLong
from grokscale.service.work.rooms import Busy
from grokscale.service.work.work import TheWork, Work
from grokscale.studies.laws import law
from grokscale.studies.spec.rules import ADAPTIVE
from grokscale.studies.store import Store

router = APIRouter(prefix="/v1", tags=["laws"])


@router.get(
    "/studies/{study_id:id}/laws/{response:word}",
    summary="Fit a scaling law",
    response_model=Law,
    responses=refusals(StudyNotFound, TooLittleData, InvalidLaw, InvalidRequest, FitTooLong, Busy),
)
async def fit_law(
    study_id: str, response: str, query: Annotated[LawQuery, Query()], store: TheStore, work: TheWork
) -> dict[str, Any]:
    """Fit `response` (`t1`, `t1_gradient`, `t2`, `t2_plateau`, `delay`, ...) to the trials as they are now.

    Exact, left, interval and right-censored trials enter a log-normal likelihood; trials that cannot cross are
    counted, not taken for long times. Asked while the study runs, the law takes unended trials as censored.
    """
    return await work.law(_fit, study_id, response, query, store, work)


def _fit(study_id: str, response: str, query: LawQuery, store: Store, work: Work) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "x": query.x,
        "terms": query.terms or None,
        "effect": query.effect,
        "threshold": query.threshold,
    }
    asked["by"] = query.by
    search = store.study(study_id).spec["search"]["kind"]
    proposed_by = search if search in ADAPTIVE else None
    return work.of(law, store.table(study_id), response, **asked, proposed_by=proposed_by)
