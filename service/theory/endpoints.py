"""The route of theory."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from grokscale.service.context import TheStore
from grokscale.service.laws.models import TooLittleData
from grokscale.service.problems import InvalidRequest, refusals
from grokscale.service.queries import NoParameters
from grokscale.service.studies.models import StudyNotFound
from grokscale.service.theory.models import Theory
from grokscale.service.work.fitters import FitTooLong
from grokscale.service.work.rooms import Busy
from grokscale.service.work.work import TheWork, Work
from grokscale.studies.store import Store
from grokscale.studies.theory import theory

router = APIRouter(prefix="/v1", tags=["theory"])


@router.get(
    "/studies/{study_id:id}/theory",
    summary="Compare theory with what was measured",
    response_model=Theory,
    responses=refusals(StudyNotFound, TooLittleData, InvalidRequest, FitTooLong, Busy),
    dependencies=[NoParameters],
)
async def compare_theory(study_id: str, store: TheStore, work: TheWork) -> dict[str, Any]:
    """Set t1, t2 and the error floor of every configuration beside their predictions, as ratios over draws.

    Censored times enter as what is known of them; trials without a prediction are counted with the reason.
    `explains_draws` says whether the predicted time tells the draws apart.
    """
    return await work.law(_compare, study_id, store, work)


def _compare(study_id: str, store: Store, work: Work) -> dict[str, Any]:
    return work.of(theory, store.table(study_id), store.theory_reasons(study_id))
