"""The routes of stored fits."""

from __future__ import annotations

import io
from typing import Annotated, Any

import pyarrow.csv
import pyarrow.parquet
from fastapi import APIRouter, Header, Response

from service.context import TheStore
from service.fits.errors import FitNotFound, UnreadableBody
from service.fits.models import Fit, FitRequest, Fits
from service.laws.errors import InvalidLaw, TooLittleData
from service.negotiation import choose
from service.problems import Fault, InvalidRequest, NotAcceptable, refusals
from service.queries import NoParameters
from service.studies.errors import StudyNotFound
from service.studies.submission import versions
from service.trials.formats import CSV, PARQUET
from studies import fits
from studies.store import FitRecord, InvalidFilter

router = APIRouter(prefix="/v1", tags=["fits"])
_ROWS: dict[str, Any] = {
    PARQUET: {"schema": {"type": "string", "contentMediaType": PARQUET}},
    CSV: {"schema": {"type": "string"}},
}


@router.post(
    "/studies/{study_id:id}/fits",
    status_code=201,
    summary="Fit models and store the fit",
    response_model=Fit,
    responses=refusals(StudyNotFound, TooLittleData, InvalidLaw, InvalidRequest, UnreadableBody),
    dependencies=[NoParameters],
)
def make_fit(study_id: str, body: FitRequest, store: TheStore, response: Response) -> FitRecord:
    """Fit a family of models to the trials as they are now, and keep request, rows, versions and answer.

    The same request of the same rows gives the same digits. A fit is deleted with its study.
    """
    try:
        record = fits.make(store, study_id, body.wanted(), versions())
    except InvalidFilter as error:
        fault = Fault(place="body", pointer=f"/where/{error.field}", detail=str(error))
        raise InvalidRequest(str(error), faults=[fault]) from error
    response.headers["Location"] = f"/v1/fits/{record.id}"
    return record


@router.get(
    "/studies/{study_id:id}/fits",
    summary="List a study's fits",
    response_model=Fits,
    responses=refusals(StudyNotFound),
    dependencies=[NoParameters],
)
def list_fits(study_id: str, store: TheStore) -> Fits:
    """Return what the newest hundred were made of; `GET /v1/fits/{fit_id}` has the answer of each."""
    return Fits.model_validate({"items": store.fits(study_id)})


@router.get(
    "/fits/{fit_id:id}",
    summary="Read a fit",
    response_model=Fit,
    responses=refusals(FitNotFound),
    dependencies=[NoParameters],
)
def read_fit(fit_id: str, store: TheStore) -> Fit:
    """Return a stored fit; `stale` says whether the same request would meet other rows now."""
    record = store.fit(fit_id)
    shown = Fit.model_validate(record)
    shown.stale = fits.is_stale(store, record)
    return shown


@router.get(
    "/fits/{fit_id:id}/rows",
    summary="Export the rows of a fit",
    response_class=Response,
    responses={200: {"content": _ROWS}} | refusals(FitNotFound, NotAcceptable),
    dependencies=[NoParameters],
)
def read_rows(
    fit_id: str, store: TheStore, accept: Annotated[str | None, Header(include_in_schema=False)] = None
) -> Response:
    """Return the rows of the likelihood as they were, as Parquet or CSV: `rows_hash` is that of the CSV."""
    media = choose(accept, (PARQUET, CSV))
    rows = store.fit_rows(fit_id)
    if media == PARQUET:
        return Response(rows, media_type=PARQUET)
    text = io.BytesIO()
    pyarrow.csv.write_csv(pyarrow.parquet.read_table(io.BytesIO(rows)), text)
    return Response(text.getvalue(), media_type=f"{CSV}; charset=utf-8")
