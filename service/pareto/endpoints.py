"""The route of the front."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from grokscale.service.context import TheStore
from grokscale.service.pareto.models import Pareto, ParetoQuery
from grokscale.service.problems import InvalidRequest, refusals
from grokscale.service.studies.models import StudyNotFound
from grokscale.service.work.rooms import Busy
from grokscale.service.work.work import TheWork
from grokscale.studies.pareto import pareto_of
from grokscale.studies.store import Store

router = APIRouter(prefix="/v1", tags=["pareto"])


@router.get(
    "/studies/{study_id:id}/pareto",
    summary="Weigh two responses against each other",
    response_model=Pareto,
    responses=refusals(StudyNotFound, InvalidRequest, Busy),
)
async def read_pareto(
    study_id: str, query: Annotated[ParetoQuery, Query()], store: TheStore, work: TheWork
) -> dict[str, Any]:
    """Return `x` and `y` of every configuration (medians over its seeds), the front, and the best under a bound on `y`.

    Asked while the study runs, it tells the best so far. Without parameters an adaptive study answers for its own
    objective, any other for t2 against the settled error.
    """
    return await work.law(_read, study_id, query, store)


def _read(study_id: str, query: ParetoQuery, store: Store) -> dict[str, Any]:
    study = store.study(study_id)
    return pareto_of(study.spec["search"], store.table(study_id), query.x, query.y, query.max_error, query.limit)
