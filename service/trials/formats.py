"""All trials of a filter as a stream: NDJSON (one trial object a line), CSV and Parquet (the flat table)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import chain, islice

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from fastapi import Response
from fastapi.responses import StreamingResponse

from grokscale.service.trials.models import Trial
from grokscale.studies.store import Store, TrialFilter, TrialRecord

JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
OFFERED = (JSON, NDJSON, CSV, PARQUET)

_LINES = 200
_ROWS = 2_000
"""Rows in one piece of a stream: enough to make pieces cheap, and few enough for the first to come at once."""


def stream(store: Store, study_id: str, chosen: TrialFilter, media: str) -> Response:
    """Return all trials of a filter in one of the streamed types.

    Raises:
        NotFound, InvalidFilter: as `Store.trials`, before anything is sent.
    """
    if media == NDJSON:
        rows = store.iter_trials(study_id, chosen)
        first = list(islice(rows, 1))  # whatever the store refuses, it refuses here
        return StreamingResponse(_ndjson(chain(first, rows)), media_type=NDJSON)
    table = store.table(study_id, chosen)
    if media == CSV:
        return StreamingResponse(_csv(table), media_type=f"{CSV}; charset=utf-8")
    return Response(_parquet(table), media_type=PARQUET)


def _ndjson(rows: Iterable[TrialRecord]) -> Iterator[bytes]:
    lines = (Trial.model_validate(row).model_dump_json().encode() + b"\n" for row in rows)
    while piece := b"".join(islice(lines, _LINES)):
        yield piece


def _csv(table: pa.Table) -> Iterator[bytes]:
    header = True
    for batch in table.to_batches(_ROWS) or [table.schema.empty_table()]:
        piece = io.BytesIO()
        pyarrow.csv.write_csv(batch, piece, pyarrow.csv.WriteOptions(include_header=header))
        header = False
        yield piece.getvalue()


def _parquet(table: pa.Table) -> bytes:
    whole = io.BytesIO()
    pyarrow.parquet.write_table(table, whole)
    return whole.getvalue()
