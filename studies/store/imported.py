"""Imported runs as rows of a study: its packs, configurations and trials, all of them ended before they came."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from uuid_utils import uuid7

from grokscale.studies.imports.ladders import NO_LADDER
from grokscale.studies.store import packs
from grokscale.studies.store.batches import Piece
from grokscale.studies.store.creation import New
from grokscale.studies.store.models import Configuration, Pack, Trial
from grokscale.studies.vocabulary import ERRORS_AT

if TYPE_CHECKING:
    import pyarrow as pa

    from grokscale.studies.imports.trials import Imported

AT_ONCE = 500
"""Trials of one transaction: with all that is known of them they are wide rows."""
_MEMBERS = 512
_PACKS_AT_ONCE = 40
_NOT_IMPORTED = "it is not in the imported table"
_ELSEWHERE = ("id", "pack", "attempt", "started", "limit", "train_threshold", "test_threshold")
"""Columns of the flat table that are no columns of a trial's row, or are counted anew."""


def new(runs: Imported, versions: Mapping[str, Any]) -> New:
    """Return what the row of their study says."""
    spec = dict(runs.spec)
    text = json.dumps(spec, sort_keys=True, separators=(",", ":"), allow_nan=False)
    outcomes = dict(Counter(runs.trials.column("outcome").to_pylist()))
    stated = (spec["name"], tuple(spec["tags"]), 0, spec, hashlib.sha256(text.encode()).hexdigest())
    return New(*stated, runs.description, versions, len(runs.trials), outcomes)


def pieces(study_id: str, runs: Imported) -> Iterator[Piece]:
    """Yield the packs, configurations and trials of imported runs.

    A pack stands for runs that were given up after as many steps: no more is known of how they were trained.
    """
    number, rows = _packs(study_id, runs)
    for some in _batched(iter(rows), _PACKS_AT_ONCE):
        yield Pack, some
    for some in _batched(_configurations(study_id, runs), AT_ONCE):
        yield Configuration, some
    row = _row(runs)
    for start in range(0, len(runs.trials), AT_ONCE):
        part = runs.trials.slice(start, AT_ONCE).to_pylist()
        reasons = runs.delay_reasons.slice(start, AT_ONCE).to_pylist()
        own = ({"study_id": study_id, "pack": int(number[start + i])} for i in range(len(part)))
        yield Trial, [row(values, why) | mine for values, why, mine in zip(part, reasons, own, strict=True)]


def _packs(study_id: str, runs: Imported) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return the number of each trial's pack, and the rows of the packs."""
    limits = _whole(runs.trials, "limit")
    most = runs.spec["budget"]["max_steps"]
    number, rows, now = np.empty(len(limits), np.int64), [], datetime.now(UTC)
    for limit in np.unique(limits).tolist():
        members = np.flatnonzero(limits == limit)
        for start in range(0, len(members), _MEMBERS):
            some = members[start : start + _MEMBERS]
            number[some] = len(rows)
            made = packs.row(study_id, len(rows), some.tolist(), limit if limit < most else None)
            rows.append(made | {"state": "ended", "unended": 0, "started": now, "ended": now})
    return number, rows


def _configurations(study_id: str, runs: Imported) -> Iterator[dict[str, Any]]:
    _, first = np.unique(_whole(runs.trials, "configuration"), return_index=True)
    configs = runs.trials.select(list(runs.fields)).take(first)
    for number in range(len(first)):
        config = configs.slice(number, 1).to_pylist()[0] if runs.fields else {}
        yield {"study_id": study_id, "number": number, "config": config}


def _row(runs: Imported) -> Callable[[dict[str, Any], str | None], dict[str, Any]]:
    """Return what makes a trial's row of one of the flat table."""
    predicted = {column.name for column in runs.description.theory}
    theory = [name for name in runs.trials.column_names if name in predicted]
    measures = [measure.name for measure in runs.description.measures]
    nested = {f"error_{point}_{measure}" for point in ERRORS_AT for measure in measures}
    apart = {*_ELSEWHERE, *runs.fields, *theory, *nested, "ladder"}
    # what is null throughout is not written
    known = [name for name in runs.trials.column_names if runs.trials.column(name).null_count < len(runs.trials)]
    same = [name for name in known if name not in apart]

    def row(flat: dict[str, Any], delay_reason: str | None) -> dict[str, Any]:
        every = {point: {one: flat.get(f"error_{point}_{one}") for one in measures} for point in ERRORS_AT}
        known = {point for point in ERRORS_AT if flat[f"error_{point}"] is not None}
        beside = {point for point, values in every.items() if any(value is not None for value in values.values())}
        return {name: flat[name] for name in same} | {
            "id": str(uuid7()),
            "delay_reason": delay_reason,
            "ladder": {} if flat["ladder"] == NO_LADDER else json.loads(flat["ladder"]),
            "measures": {point: every[point] for point in ERRORS_AT if point in known | beside},
            "error_reasons": {point: _NOT_IMPORTED for point in ERRORS_AT if point not in known},
            "theory": {name: flat[name] for name in theory},
            "theory_reasons": {name: _NOT_IMPORTED for name in theory if flat[name] is None},
            "points": 0,
            "curve_columns": [],
        }

    return row


def _whole(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(table.column(name).to_numpy(), dtype=np.int64)


def _batched(rows: Iterator[dict[str, Any]], most: int) -> Iterator[list[dict[str, Any]]]:
    while some := list(islice(rows, most)):
        yield some
