"""What the columns of a table of trials are for: data or training, predictions, and the rate that laws are in.

A table that the store makes carries what its task says of them as metadata, and so does its Parquet file. A table
without (CSV, pandas) is read by the names that any task describes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache

import pyarrow as pa

from grokscale.trainers.tasks.description import Column, Description
from grokscale.trainers.tasks.registry import described

_KEY = b"grokscale.task"


@dataclass(frozen=True)
class Roles:
    """The columns that have one.

    Attributes:
        methods: fields of regularisers and optimisers.
        theory: predictions, in order.
        predictions: names of predictions, those of other tasks too: no field is called so.
    """

    methods: frozenset[str]
    theory: tuple[Column, ...]
    predictions: frozenset[str]

    def predicting(self, response: str) -> tuple[str, ...]:
        """Return the columns that predict a response."""
        return tuple(column.name for column in self.theory if column.predicts == response)

    @property
    def tells_draws_apart(self) -> str | None:
        """The prediction that does, if any."""
        return next((column.name for column in self.theory if column.explains_draws), None)

    def comparisons(self) -> Iterator[tuple[str, str, str]]:
        """Yield a name, the measured response and the prediction beside it: t1, t2, and each of a settled error."""
        for response in ("t1", "t2"):
            yield from ((response, response, name) for name in self.predicting(response)[:1])
        yield from ((name, "error_settled", name) for name in self.predicting("error_settled"))


def marked(table: pa.Table, description: Description) -> pa.Table:
    """Return the table with what its task says of the columns."""
    said = {"methods": sorted(_methods([description])), "theory": [asdict(column) for column in description.theory]}
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: json.dumps(said).encode()})


def of(table: pa.Table) -> Roles:
    """Return the roles of a table's columns."""
    return _read((table.schema.metadata or {}).get(_KEY))


@lru_cache(maxsize=64)
def _read(said: bytes | None) -> Roles:
    known: dict[str, Column] = {}
    for column in (column for one in described().values() for column in one.theory):
        known.setdefault(column.name, column)
    if said is None:
        return Roles(_methods(described().values()), tuple(known.values()), frozenset(known))
    found = json.loads(said)
    theory = tuple(Column(**column) for column in found["theory"])
    return Roles(frozenset(found["methods"]), theory, frozenset(known) | {column.name for column in theory})


def _methods(descriptions: Iterable[Description]) -> frozenset[str]:
    sections = (section for one in descriptions for section in (*one.regularizers, *one.optimizers))
    return frozenset(field.name for section in sections for field in section.fields)
