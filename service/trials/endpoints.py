"""The routes of trials."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from grokscale.service.context import TheStore
from grokscale.service.negotiation import choose
from grokscale.service.problems import Fault, InvalidRequest, NotAcceptable, refusals
from grokscale.service.queries import NoParameters
from grokscale.service.studies.models import StudyNotFound
from grokscale.service.trials import formats
from grokscale.service.trials.filters import blaming, blaming_metrics, trial_filter
from grokscale.service.trials.models import Curves, CurvesQuery, Trial, TrialNotFound, Trials, TrialsQuery
from grokscale.studies.store import TrialRecord

router = APIRouter(prefix="/v1", tags=["trials"])

_STREAMED: dict[str, Any] = {
    formats.NDJSON: {"schema": {"type": "string"}},
    formats.CSV: {"schema": {"type": "string"}},
    formats.PARQUET: {"schema": {"type": "string", "contentMediaType": formats.PARQUET}},
}


@router.get(
    "/studies/{study_id:id}/trials",
    summary="List a study's trials",
    response_model=Trials,
    responses={200: {"content": _STREAMED}} | refusals(StudyNotFound, InvalidRequest, NotAcceptable),
)
def list_trials(
    study_id: str,
    query: Annotated[TrialsQuery, Query()],
    store: TheStore,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Any:
    """Return a page of trials as JSON; by `Accept`, all of them as NDJSON, CSV or Parquet.

    NDJSON has one trial object a line; CSV and Parquet have one flat row a trial, crossings and errors in columns of
    their own (`t2_step`, `t2_lower`, ..., `error_stop`), theory columns by name.
    """
    media = choose(accept, formats.OFFERED)
    chosen = trial_filter(query)
    with blaming(query):
        if media == formats.JSON:
            return store.trials(study_id, chosen, query.limit, query.cursor)
        paging = sorted(query.model_fields_set & {"limit", "cursor"})
        if paging:
            detail = f"all rows are sent as {media}; pages are for {formats.JSON}"
            raise InvalidRequest(detail, faults=[Fault(place="query", pointer=f"/{p}", detail=detail) for p in paging])
        return formats.stream(store, study_id, chosen, media)


@router.get(
    "/trials/{trial_id:id}",
    summary="Read a trial",
    response_model=Trial,
    responses=refusals(TrialNotFound),
    dependencies=[NoParameters],
)
def read_trial(trial_id: str, store: TheStore) -> TrialRecord:
    """Return one trial, without its curves."""
    return store.trial(trial_id)


@router.get(
    "/trials/{trial_id:id}/curves",
    summary="Read a trial's curves",
    response_model=Curves,
    responses=refusals(TrialNotFound, InvalidRequest),
)
def read_curves(trial_id: str, query: Annotated[CurvesQuery, Query()], store: TheStore) -> Response:
    """Return what was recorded along the run on a log-spaced grid; empty for a trial that has not ended."""
    with blaming_metrics():
        curves = store.curves(trial_id, query.metrics or None, query.max_points)
    shown = Curves(trial_id=trial_id, step=curves.step, columns=curves.columns, coordinates=curves.coordinates)
    return Response(shown.model_dump_json(), media_type="application/json")
