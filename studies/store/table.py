"""A study's trials as one flat Arrow table, which laws read and which CSV and Parquet files contain.

Columns: `id`, `index`, `configuration`, `seed`, `data_id` and `stream_id` (which rows share their data, and which the
random numbers of their data: `trainers.trial.Identity`), `outcome`, `obtained`, `looks`, `steps`, `started`, `limit`
(steps after which a trial without t2 is given up: the budget's, or those after which its pack is pruned),
`train_threshold`, `test_threshold` (of the errors; null where the threshold is one of a measure, and then
`train_measure`, `test_measure` say which: `test_accuracy 0.99`); one per field of the configurations;
`{t1,t1_gradient,t2,t2_plateau}_{step,lower,upper,censoring,stayed}`; `delay_{step,lower,upper,censoring}`;
`error_{t1,t2,stop,min,settled,plateau}` (test errors), each with `_step` and one column a measure of the task
(`error_stop_NAME`); the theory columns by name; `ladder` (JSON text), `pack`, `attempt`, `host`, `seconds`. Times are
in steps.

What the study's task says of the columns is in the metadata, see `studies.roles`.

For a trial that has not ended, `started` says whether its pack has, and `steps` is the pack's last reported step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Select, Text, case, select, type_coerce

from grokscale.studies.flat_table import DELAY, ERRORS, FLOAT, HEAD, REACHED, TAIL, THRESHOLDS, TIMES, held_against
from grokscale.studies.roles import marked
from grokscale.studies.store import descriptions
from grokscale.studies.store.choices import Chosen, choose
from grokscale.studies.store.models import Configuration, Pack, Trial
from grokscale.studies.store.records import TrialFilter
from grokscale.studies.vocabulary import ERRORS_AT
from grokscale.trainers.tasks.description import Description

_STORED = {**HEAD, **TIMES, **DELAY, **ERRORS, **TAIL}


def table(connection: Connection, study_id: str, filter: TrialFilter) -> pa.Table:
    """See `Store.table`."""
    found = connection.execute(_statement(choose(connection, study_id, filter)))
    rows = found.all()
    values: dict[str, Sequence[Any]] = dict(zip(found.keys(), zip(*rows, strict=True), strict=False)) if rows else {}
    # a configuration is shared by its seeds: parsed once, not once a trial
    configs = _configs(connection, study_id)
    spec, task = descriptions.with_spec(connection, study_id)
    budget = spec["budget"]
    fields = dict.fromkeys(name for config in configs.values() for name in config)
    chosen = [configs[number] for number in values.get("configuration", ())]
    theory = [theory or {} for theory in values.get("theory", ())]
    predicted = dict.fromkeys(name for columns in theory for name in columns)
    made = pa.table(
        _typed(values | _limits(values, budget), HEAD | REACHED)
        | held_against([budget[name] for name in THRESHOLDS], len(rows))
        | {name: _array([config.get(name) for config in chosen]) for name in fields}
        | _typed(values, TIMES | DELAY)
        | _typed(values, ERRORS)
        | _measures(values.get("measures", ()), task)
        | {name: pa.array([columns.get(name) for columns in theory], FLOAT) for name in predicted}
        | _typed(values, TAIL)
    )
    return marked(made, task)


def _statement(chosen: Chosen) -> Select[*tuple[Any, ...]]:
    started = Pack.started.is_not(None)
    steps = case((Trial.outcome.is_not(None), Trial.steps), (started, Pack.step))
    stored = [getattr(Trial, name) for name in _STORED if name != "ladder"]
    ladder = type_coerce(Trial.ladder, Text)  # as it is stored: JSON text
    columns = [*stored, Trial.theory, Trial.measures, ladder.label("ladder")]
    columns += [steps.label("steps"), started.label("started")]
    columns.append(Pack.prune_after)
    return chosen.select(*columns).join(Pack, (Pack.study_id == Trial.study_id) & (Pack.number == Trial.pack))


def _configs(connection: Connection, study_id: str) -> dict[int, dict[str, Any]]:
    statement = select(Configuration.number, Configuration.config).where(Configuration.study_id == study_id)
    return {row.number: row.config for row in connection.execute(statement)}


def _limits(values: Mapping[str, Sequence[Any]], budget: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    most = budget["max_steps"]
    return {"limit": [most if pruned is None else min(most, pruned) for pruned in values.get("prune_after", ())]}


def _measures(stored: Sequence[Mapping[str, Any] | None], task: Description) -> dict[str, pa.Array]:
    """Return what was measured beside each error: the measures that the task declares, and those that it had when
    the trials ran.
    """
    names = dict.fromkeys(measure.name for measure in task.measures)
    rows = [row or {} for row in stored]
    names |= dict.fromkeys(measure for row in rows for point in row.values() for measure in point)
    return {
        f"error_{name}_{measure}": pa.array([row.get(name, {}).get(measure) for row in rows], FLOAT)
        for name in ERRORS_AT
        for measure in names
    }


def _typed(values: Mapping[str, Sequence[Any]], kinds: Mapping[str, pa.DataType]) -> dict[str, pa.Array]:
    return {name: pa.array(values.get(name, ()), kind) for name, kind in kinds.items()}


def _array(values: list[Any]) -> pa.Array:
    """Return a field of the configurations: as doubles if one value is a float or there is no value, else as they
    are.
    """
    if any(isinstance(value, float) for value in values) or all(value is None for value in values):
        return pa.array([None if value is None else float(value) for value in values], FLOAT)
    return pa.array([json.dumps(value) if isinstance(value, dict) else value for value in values])
