"""What a study of imported runs keeps in place of a task: a description of its columns, and a specification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from grokscale.studies.flat_table import Level
from grokscale.studies.imports.asked import NO_THRESHOLD, Asked
from grokscale.studies.imports.cells import Cells
from grokscale.studies.imports.fields import Fields
from grokscale.trainers.tasks.description import IMPORTED, Description, Field, Grid, Line, Quantity, Real, Section


def describe(
    cells: Cells, asked: Asked, fields: Fields, thresholds: Sequence[Level], measures: Iterable[str]
) -> Description:
    """Return the description of the table's columns: nothing carries it out."""
    train, test = thresholds
    own = tuple(_field(cells, name, fields) for name in fields.names if name not in fields.methods)
    methods = tuple(_field(cells, name, fields) for name in fields.methods)
    return Description(
        kind=IMPORTED,
        version=1,
        title="Imported",
        says=asked.name,
        source="runs made elsewhere",
        fields=own,
        regularizers=(),
        optimizers=(Section(IMPORTED, "Imported", "fields of the method of training", methods),),
        error=asked.error,
        implementation="",
        theory=fields.theory,
        measures=tuple(Quantity(name, "1", "as it was logged") for name in sorted({*measures})),
        coordinates=False,
        settles=False,
        thresholds=(_of_error(train), _of_error(test)),
        rungs=(),
        looks=Grid(exact=False),
        rate="*".join(fields.rate),
        deterministic=False,
    )


def specification(
    asked: Asked, fields: Fields, thresholds: Sequence[Level], max_steps: int, rows_hash: str
) -> dict[str, Any]:
    """Return what a study shows as its specification: what readers of studies ask of one, and what was said."""
    train, test = thresholds
    return {
        "name": asked.name,
        "tags": list(asked.tags),
        "task": {
            "kind": IMPORTED,
            "rate": "*".join(fields.rate),
            "data": list(fields.data),
            "error": asked.error,
            "steps_per_unit": asked.steps_per_unit,
            "rows_hash": rows_hash,
        },
        "search": {"kind": "grid"},
        "budget": {
            "max_steps": max_steps,
            "train_threshold": train,
            "test_threshold": test,
            "plateau_every": None,
        },
    }


def _of_error(level: Level) -> float:
    """Return a threshold as one of the error, which a description has: where a measure is held, nobody said one."""
    return NO_THRESHOLD if isinstance(level, Mapping) else level


def _field(cells: Cells, name: str, fields: Fields) -> Field:
    accepts = Line() if pa.types.is_string(cells.column(name).type) else Real()
    return Field(name, accepts, "as it was imported", role="data" if name in fields.data else "training")
