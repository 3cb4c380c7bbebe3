"""A study's trials as one flat Arrow table: what laws read and what CSV and Parquet carry.

Columns: `id`, `index`, `configuration`, `seed`, `outcome`, `obtained`, `steps`, `started`; one per field of the
configurations; `{t1,t1_gradient,t2,t2_plateau}_{step,lower,upper,censoring,stayed}`;
`delay_{step,lower,upper,censoring}`; `error_{stop,min,settled,plateau}` (relative l2), with `_mean_l1` and `_step`;
the theory columns by name; `ladder` (JSON text), `pack`, `attempt`, `host`, `seconds`. Times are in steps.

For a trial that has not ended, `started` says whether its pack has, and `steps` is the pack's last reported step.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Text, case, type_coerce

from studies.store.choices import choose
from studies.store.flat import CROSSINGS, ERRORS
from studies.store.models import CONFIGURATION, Configuration, Pack, Trial
from studies.store.records import TrialFilter

_INT, _FLOAT, _TEXT = pa.int64(), pa.float64(), pa.string()
_HEAD = {"id": _TEXT, "index": _INT, "configuration": _INT, "seed": _INT, "outcome": _TEXT, "obtained": _TEXT}
_REACHED = {"steps": _INT, "started": pa.bool_()}
_CROSSING = {"step": _INT, "lower": _INT, "upper": _INT, "censoring": _TEXT, "stayed": _INT}
_TIMES = {f"{name}_{part}": kind for name in CROSSINGS for part, kind in _CROSSING.items()}
_DELAY = {f"delay_{part}": kind for part, kind in _CROSSING.items() if part != "stayed"}
_POINT = {"": _FLOAT, "_mean_l1": _FLOAT, "_step": _INT}
_ERRORS = {f"error_{name}{part}": kind for name in ERRORS for part, kind in _POINT.items()}
_TAIL = {"ladder": _TEXT, "pack": _INT, "attempt": _INT, "host": _TEXT, "seconds": _FLOAT}
_STORED = {**_HEAD, **_TIMES, **_DELAY, **_ERRORS, **_TAIL}


def table(connection: Connection, study_id: str, filter: TrialFilter) -> pa.Table:
    """See `Store.table`."""
    chosen = choose(connection, study_id, filter)
    ended = Trial.outcome.is_not(None)
    started = Pack.started.is_not(None)
    steps = case((ended, Trial.steps), (started, Pack.step))
    stored = [getattr(Trial, name) for name in _STORED if name != "ladder"]
    columns = [*stored, type_coerce(Trial.ladder, Text).label("ladder"), steps.label("steps"), started.label("started")]
    statement = chosen.select(*columns, Trial.theory, Configuration.config)
    statement = statement.join(*CONFIGURATION).join(
        Pack, (Pack.study_id == Trial.study_id) & (Pack.number == Trial.pack)
    )
    found = connection.execute(statement)
    rows = found.all()
    by_name: dict[str, Sequence[Any]] = dict(zip(found.keys(), zip(*rows, strict=True), strict=False)) if rows else {}
    arrays: dict[str, pa.Array] = {}
    for name, kind in {**_HEAD, **_REACHED}.items():
        arrays[name] = pa.array(by_name.get(name, ()), kind)
    arrays |= _spread(by_name.get("config", ()))
    for name, kind in {**_TIMES, **_DELAY, **_ERRORS}.items():
        arrays[name] = pa.array(by_name.get(name, ()), kind)
    arrays |= {name: values.cast(_FLOAT) for name, values in _spread(by_name.get("theory", ())).items()}
    for name, kind in _TAIL.items():
        arrays[name] = pa.array(by_name.get(name, ()), kind)
    return pa.table(arrays)


def _spread(documents: Iterable[dict[str, Any] | None]) -> dict[str, pa.Array]:
    """Return one array per key of the documents, in order of appearance; absent and null alike are null."""
    filled = [document or {} for document in documents]
    names = dict.fromkeys(name for document in filled for name in document)
    return {name: _typed([document.get(name) for document in filled]) for name in names}


def _typed(values: list[Any]) -> pa.Array:
    if any(isinstance(value, float) for value in values) or all(value is None for value in values):
        return pa.array([None if value is None else float(value) for value in values], _FLOAT)
    return pa.array([json.dumps(value) if isinstance(value, dict) else value for value in values])
