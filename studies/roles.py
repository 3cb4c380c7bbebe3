"""What the columns of a table of trials are for: data or training, predictions, and the rate that laws are in.

A table that the store makes carries what its task says of them as metadata, and so does its Parquet file. A table
without (CSV, pandas) is read by the names that grokscale's own tasks describe.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

from grokscale.trainers.tasks.description import Column, Description
from grokscale.trainers.tasks.registry import BUILT_IN, described

_KEY = b"grokscale.task"
_OF_COLUMN = ("role", "unit", "says", "predicts", "explains_draws", "heuristic", "limits")
"""What a column's own metadata tell, where it has them: for readers that know nothing of tasks."""


@dataclass(frozen=True)
class Roles:
    """The columns that have one.

    Attributes:
        rate: fields whose product a trial's speed is proportional to, the strength of the regulariser last.
        data: fields that name the data of a draw.
        methods: fields of regularisers and optimisers.
        theory: predictions, in order.
        predictions: names of predictions, those of other tasks too: no field is called so.
    """

    rate: tuple[str, ...]
    data: frozenset[str]
    methods: frozenset[str]
    theory: tuple[Column, ...]
    predictions: frozenset[str]

    @property
    def strength(self) -> str:
        """The field that is the strength of the regulariser."""
        return self.rate[-1]

    def predicting(self, response: str) -> tuple[str, ...]:
        """Return the columns that predict a response."""
        return tuple(column.name for column in self.theory if column.predicts == response)

    @property
    def tells_draws_apart(self) -> Column | None:
        """The prediction that does, if any."""
        return next((column for column in self.theory if column.explains_draws), None)

    @property
    def heuristic(self) -> str | None:
        """The prediction that a heuristic count of steps divides by the rate, if any."""
        return next((column.name for column in self.theory if column.heuristic), None)

    def comparisons(self) -> Iterator[tuple[str, str, str]]:
        """Yield a name, the measured response and the prediction beside it: t1, t2, and each of a settled error."""
        for response in ("t1", "t2"):
            yield from ((response, response, name) for name in self.predicting(response)[:1])
        yield from ((name, "error_settled", name) for name in self.predicting("error_settled"))


def marked(table: pa.Table, description: Description) -> pa.Table:
    """Return the table with what its task says of the columns, of all and of each."""
    fields = [field.with_metadata(of_column(description, field.name)) for field in table.schema]
    return table.cast(pa.schema(fields, {_KEY: json.dumps(_said(description)).encode()}))


def of_column(description: Description, name: str) -> dict[str, str]:
    """Return what a task says of one column, empty where it says nothing."""
    found: dict[str, Any] = {}
    for field in description.every_field():
        if field.name == name:
            found = {"role": field.role, "unit": field.unit, "says": field.says}
    for column in description.theory:
        if column.name == name:
            found = {"role": "theory", **asdict(column)}
    return {key: str(found[key]) for key in _OF_COLUMN if found.get(key)}


def told(table: pa.Table, task: str | Description | None) -> pa.Table:
    """Return the table as that of a task: its kind or its description; None: as it is.

    Raises:
        ValueError: no task is of this kind.
    """
    if task is None:
        return table
    if isinstance(task, str) and task not in described():
        raise ValueError(f"task: {task!r} is none of {', '.join(described())}, and no Description")
    return marked(table, described()[task] if isinstance(task, str) else task)


def of(table: pa.Table) -> Roles:
    """Return the roles of a table's columns."""
    said = (table.schema.metadata or {}).get(_KEY)
    return _read(said, tuple(table.column_names) if said is None else ())


def says(metadata: Mapping[bytes, bytes] | None) -> bool:
    """Return whether a table's metadata say what its columns are for."""
    return _KEY in (metadata or {})


def known_fields() -> frozenset[str]:
    """Return the fields that tasks of this package describe, of data and of training."""
    return frozenset(field.name for one in BUILT_IN for field in one.every_field())


def joined(tables: Sequence[pa.Table]) -> Mapping[bytes, bytes]:
    """Return the metadata of a table of the rows of several: the roles of all, the rate of the first."""
    each = [json.loads(said) for one in tables if (said := (one.schema.metadata or {}).get(_KEY))]
    if not each:
        return {}
    said = {key: sorted({name for one in each for name in one[key]}) for key in ("data", "methods")}
    return {_KEY: json.dumps({"rate": each[0]["rate"], **said, "theory": _first_of_each(each)}).encode()}


def _said(description: Description) -> dict[str, Any]:
    sections = (*description.regularizers, *description.optimizers)
    return {
        "rate": description.rate_fields,
        "data": description.data_fields,
        "methods": sorted({field.name for section in sections for field in section.fields}),
        "theory": [asdict(column) for column in description.theory],
    }


def _first_of_each(every: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the predictions of several tasks, each name as the first has it."""
    found: dict[str, dict[str, Any]] = {}
    for column in (column for one in every for column in one["theory"]):
        found.setdefault(column["name"], column)
    return [*found.values()]


@lru_cache(maxsize=64)
def _read(said: bytes | None, names: tuple[str, ...]) -> Roles:
    every = [_said(one) for one in BUILT_IN]
    if said is None:
        # of the tasks whose rate the table has, the first: the one that its laws are most likely in
        rate = next((one["rate"] for one in every if set(one["rate"]) <= set(names)), every[0]["rate"])
        found = {"rate": rate, **{key: [n for one in every for n in one[key]] for key in ("data", "methods")}}
        found["theory"] = _first_of_each(every)
    else:
        found = json.loads(said)
    theory = tuple(Column(**column) for column in found["theory"])
    known = {column["name"] for one in every for column in one["theory"]}
    return Roles(
        tuple(found["rate"]),
        frozenset(found["data"]),
        frozenset(found["methods"]),
        theory,
        frozenset(known) | {column.name for column in theory},
    )
