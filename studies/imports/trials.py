"""From a table of finished runs to the table of trials that every study has, and to what a study keeps of its task."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from grokscale.studies.documents import FieldProblem, pointer, show
from grokscale.studies.flat_table import (
    DELAY,
    ERRORS,
    FLOAT,
    HEAD,
    MEASURES,
    REACHED,
    TAIL,
    THRESHOLDS,
    TIMES,
    Level,
    held_against,
)
from grokscale.studies.imports import fields as fields_of
from grokscale.studies.imports.asked import Asked
from grokscale.studies.imports.cells import Cells, Floats
from grokscale.studies.imports.describing import describe, specification
from grokscale.studies.imports.errors import refuse
from grokscale.studies.imports.fields import Fields
from grokscale.studies.imports.identities import identities, repeated
from grokscale.studies.imports.reading import Sheet
from grokscale.studies.imports.runs import Runs
from grokscale.studies.imports.times import Units
from grokscale.studies.roles import marked
from grokscale.trainers.tasks.description import Description
from grokscale.trainers.trial import Value


@dataclass(frozen=True, slots=True)
class Imported:
    """Runs as a study has them.

    Attributes:
        trials: the flat table of `Store.table`, with the roles of its columns as metadata.
        fields: of the configuration.
        description: of the columns.
        spec: what the study shows as its specification.
        delay_reasons: why a trial has no delay, shape (rows,).
        remark: what was assumed of the columns, as a sentence; empty: nothing.
    """

    trials: pa.Table
    delay_reasons: pa.Array
    fields: tuple[str, ...]
    description: Description
    spec: Mapping[str, Any]
    remark: str


def read(sheet: Sheet, asked: Asked, predictors: frozenset[str] = frozenset()) -> Imported:
    """Return the runs of a table.

    Args:
        sheet: the table.
        asked: what is said beside it.
        predictors: see `fields.of`.

    Raises:
        TableError: with every faulty cell, by row and column.
    """
    cells = Cells(_renamed(sheet, asked))
    fields = fields_of.of(cells, asked, predictors)
    runs = Runs(cells, Units(asked.steps_per_unit))
    thresholds = [_level(cells, *names, asked) for names in zip(THRESHOLDS, MEASURES, strict=True)]
    configs = fields_of.configurations(cells, fields)
    beside = _beside(cells, fields)
    own = runs.columns()
    refuse(cells.problems)
    numbers, rows_hash = fields_of.numbered(configs), _hash(asked.name, own, configs)
    data, streams = identities(cells, runs.seed, configs, fields.data, rows_hash)
    refuse(repeated(numbers, runs.seed, data))
    max_steps = int(max(1.0, np.where(np.isnan(runs.limit), runs.steps, runs.limit).max()))
    own |= _told_apart(numbers, data, streams, np.where(np.isnan(runs.limit), max_steps, runs.limit))
    description = describe(cells, asked, fields, thresholds, beside.measures)
    made = _flat(cells.rows, own, thresholds, {name: cells.column(name) for name in fields.names}, beside)
    spec = specification(asked, fields, thresholds, max_steps, rows_hash)
    reasons = pa.array(own["delay_reason"], pa.string())
    return Imported(marked(made, description), reasons, fields.names, description, spec, fields.remark)


@dataclass(frozen=True, slots=True)
class _Beside:
    """What was measured beside the errors, and what was predicted: columns by name, and the names of the measures."""

    measured: Mapping[str, pa.Array]
    predicted: Mapping[str, pa.Array]
    measures: tuple[str, ...]


def _beside(cells: Cells, fields: Fields) -> _Beside:
    found = fields_of.measures(cells)
    names = [column.name for column in fields.theory if cells.has(column.name)]
    measured, predicted = (
        {name: pa.array(cells.numbers(name), from_pandas=True) for name in some} for some in (found, names)
    )
    return _Beside(measured, predicted, tuple(sorted({measure for _, measure in found.values()})))


def _told_apart(numbers: Any, data: list[str], streams: list[str], limit: Floats) -> dict[str, Any]:
    """Return what a study counts, and which trials it has given up together: a pack has one limit."""
    rows = len(limit)
    return {
        "id": [str(row) for row in range(rows)],
        "index": range(rows),
        "configuration": numbers,
        "data_id": data,
        "stream_id": streams,
        "started": [True] * rows,
        "limit": limit,
        "pack": np.unique(limit, return_inverse=True)[1].reshape(-1),
    }


def _flat(
    rows: int,
    own: Mapping[str, Any],
    thresholds: Sequence[Level],
    fields: Mapping[str, pa.ChunkedArray],
    beside: _Beside,
) -> pa.Table:
    def typed(kinds: Mapping[str, pa.DataType]) -> dict[str, pa.Array]:
        return {name: _array(own.get(name), kind, rows) for name, kind in kinds.items()}

    return pa.table(
        typed(HEAD | REACHED)
        | held_against(thresholds, rows)
        | dict(fields)
        | typed(TIMES | DELAY | ERRORS)
        | dict(beside.measured)
        | dict(beside.predicted)
        | typed(TAIL)
    )


def _array(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    """Return a column; nan and the empty word are null."""
    if values is None:
        return pa.nulls(rows, kind)
    if isinstance(values, np.ndarray) and values.dtype == np.float64:
        return pa.array(values, FLOAT, from_pandas=True).cast(kind)
    if pa.types.is_string(kind):
        return pa.array([word or None for word in values], kind)
    return pa.array(values, kind)


def _level(cells: Cells, name: str, measure: str, asked: Asked) -> Level:
    """Return a threshold: as asked, else a measure and its level where the table has one, else that of the error."""
    held = cells.texts(measure)
    if getattr(asked, name) is not None or not (held != "").any():
        return _threshold(cells, name, asked)
    first = next(filter(None, held))
    cells.refuse(held != first, measure, f"{{}} is not {show(first)}, as in another run; accepted: one for all runs")
    of, _, level = first.rpartition(" ")
    try:
        if of and math.isfinite(float(level)):
            return {of: float(level)}
    except ValueError:
        pass
    cells.refuse(held == first, measure, "{} is refused; accepted: a measure and its level (test_accuracy 0.99)")
    return _threshold(cells, name, asked)


def _threshold(cells: Cells, name: str, asked: Asked) -> float:
    """Return a threshold; a table that has it as a column has one."""
    values = cells.numbers(name)
    known = np.unique(values[np.isfinite(values)])
    if len(known) > 1:
        cells.refuse(
            values != known[0], name, f"{{}} is another threshold than {known[0]:g}; accepted: one for all runs"
        )
    return asked.threshold(name, float(known[0]) if len(known) else None)


def _hash(name: str, own: Mapping[str, Any], configs: Sequence[Mapping[str, Value]]) -> str:
    """Return the hex SHA-256 of which runs these are, and of their times; equal configurations are one object."""
    distinct = {id(config): config for config in configs}
    stated = hashlib.sha256(json.dumps([name, *distinct.values()]).encode())
    stated.update(fields_of.numbered(configs).astype("<i8").tobytes())
    for column in ("seed", "t1_lower", "t1_upper", "t2_lower", "t2_upper"):
        stated.update(np.asarray(own[column], dtype="<f8").tobytes())
    return stated.hexdigest()


def _renamed(sheet: Sheet, asked: Asked) -> Sheet:
    """Return the columns that are left, by their new names."""
    table = sheet.table
    names = [name for name in table.column_names if name not in asked.ignore]
    new = [asked.rename.get(name, name) for name in names]
    known = ", ".join(map(show, table.column_names))
    problems = [
        FieldProblem(pointer((argument,)), f"no column {show(name)}; accepted: {known}")
        for argument, listed in (("rename", asked.rename), ("ignore", asked.ignore))
        for name in listed
        if name not in table.column_names
    ]
    twice = [name for name in dict.fromkeys(new) if new.count(name) > 1]
    problems += [FieldProblem("/rename", f"two columns would be called {name}; accepted: one") for name in twice]
    refuse(problems)
    left = table.select(names).rename_columns(new)
    return Sheet(left.replace_schema_metadata(table.schema.metadata), sheet.loose)
