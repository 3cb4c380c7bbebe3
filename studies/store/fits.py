"""Stored fits: written once, never changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, insert, select

from grokscale.studies.store.errors import NotFound
from grokscale.studies.store.models import VISIBLE, Fit, Study
from grokscale.studies.store.records import FitRecord, FitSummary

_summary = (Fit.id, Fit.study_id, Fit.created, Fit.request, Fit.versions, Fit.rows_hash)
_columns = (*_summary, Fit.result)


def add(connection: Connection, record: FitRecord, rows: bytes) -> None:
    """See `Store.add_fit`."""
    values = {column.key: getattr(record, column.key) for column in _columns}
    connection.execute(insert(Fit).values(**values, rows=rows))


def get(connection: Connection, fit_id: str) -> FitRecord:
    """See `Store.fit`."""
    row = connection.execute(_of_a_study(*_columns).where(Fit.id == fit_id)).mappings().first()
    if row is None:
        raise NotFound("fit", fit_id)
    return FitRecord(**row)


def rows(connection: Connection, fit_id: str) -> bytes:
    """See `Store.fit_rows`."""
    found = connection.execute(_of_a_study(Fit.rows).where(Fit.id == fit_id)).scalar()
    if found is None:
        raise NotFound("fit", fit_id)
    return found


def _of_a_study(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Return a statement over the fits whose study is not deleted."""
    return select(*columns).join(Study, Study.id == Fit.study_id).where(VISIBLE)


def of_study(connection: Connection, study_id: str, limit: int) -> list[FitSummary]:
    """See `Store.fits`."""
    found = connection.execute(
        select(*_summary).where(Fit.study_id == study_id).order_by(Fit.id.desc()).limit(limit)
    ).mappings()
    return [FitSummary(**row) for row in found]
