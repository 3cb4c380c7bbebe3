"""The routes of stored fits."""

from __future__ import annotations

import hashlib
import io
from functools import partial
from typing import Annotated, Any

import pyarrow.csv
import pyarrow.parquet
from fastapi import APIRouter, Header, Response

from grokscale.service.context import TheStore
from grokscale.service.fits.models import Fit, FitNotFound, FitRequest, Fits, UnreadableBody
from grokscale.service.idempotency import TheAttempt
from grokscale.service.laws.models import InvalidLaw, TooLittleData
from grokscale.service.negotiation import choose
from grokscale.service.problems import BodyTooLarge, Fault, InvalidRequest, NotAcceptable, refusals
from grokscale.service.queries import NoParameters
from grokscale.service.studies.models import IdempotencyKeyReused, StudyNotFound
from grokscale.service.studies.submission import versions
from grokscale.service.trials.formats import CSV, PARQUET
from grokscale.service.work.fitters import FitTooLong
from grokscale.service.work.rooms import Busy
from grokscale.service.work.work import TheWork, Work
from grokscale.studies import fits
from grokscale.studies.laws import fit_family
from grokscale.studies.store import AlreadySubmitted, FitRecord, Idempotency, IdempotencyRecord, InvalidFilter, Store

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
    responses=refusals(StudyNotFound, TooLittleData, InvalidLaw, InvalidRequest, UnreadableBody)
    | refusals(BodyTooLarge, IdempotencyKeyReused, FitTooLong, Busy),
    dependencies=[NoParameters],
)
async def make_fit(
    study_id: str, body: FitRequest, attempt: TheAttempt, store: TheStore, work: TheWork, response: Response
) -> FitRecord:
    """Fit a family of models to the trials as they are now, and keep request, rows, versions and answer.

    The same request of the same rows gives the same digits. A fit is deleted with its study. It is ended, and nothing
    kept, when its client closes the connection, and after 120 s (GROKSCALE_FIT_SECONDS).
    """
    row = attempt.row(hashlib.sha256(body.model_dump_json().encode()).hexdigest())
    record = await work.fit(_make, study_id, body, row, store, work, alone=row)
    response.headers["Location"] = f"/v1/fits/{record.id}"
    return record


def _make(study_id: str, body: FitRequest, row: Idempotency | None, store: Store, work: Work) -> FitRecord:
    if row is not None and (used := store.recall(row.caller, row.route, row.key)):
        return _again(store, row, used)
    fit = partial(work.apart, fit_family)
    try:
        return fits.make(store, study_id, body.wanted(), versions(), fit=fit, idempotency=row)
    except AlreadySubmitted as taken:
        assert row is not None
        return _again(store, row, taken.record)
    except InvalidFilter as error:
        fault = Fault(place="body", pointer=f"/where/{error.field}", detail=str(error))
        raise InvalidRequest(str(error), faults=[fault]) from error


def _again(store: Store, row: Idempotency, used: IdempotencyRecord) -> FitRecord:
    if used.body_hash != row.body_hash:
        raise IdempotencyKeyReused(f"Idempotency-Key {row.key!r} was used for another body; take a new key")
    assert used.fit_id is not None
    return store.fit(used.fit_id)


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
    responses=refusals(FitNotFound, Busy),
    dependencies=[NoParameters],
)
async def read_fit(fit_id: str, store: TheStore, work: TheWork) -> Fit:
    """Return a stored fit; `stale` says whether the same request would meet other rows now."""
    return await work.law(_read, fit_id, store)


def _read(fit_id: str, store: Store) -> Fit:
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
