"""An axis of a phase diagram: a numeric field of the configuration, its levels and its scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies.laws.exponentials import exponential
from grokscale.studies.laws.rows import columns
from grokscale.studies.phases.errors import UnknownField
from grokscale.studies.phases.logistic import Floats


@dataclass(frozen=True, slots=True)
class Axis:
    """A field as an axis.

    Attributes:
        name: of the field.
        values: of each trial, shape (rows,), nan where it has none.
        whole: the field is an integer.
        scale: `log`, or `linear` where a value is not positive (tau = 0 has no logarithm).
    """

    name: str
    values: Floats
    whole: bool
    scale: Literal["log", "linear"]

    @property
    def term(self) -> str:
        """What the regression takes of it: `log(N)` or `tau`."""
        return f"log({self.name})" if self.scale == "log" else self.name

    def of(self, rows: NDArray[np.bool_]) -> Axis:
        """Return the axis of some rows, on the same scale."""
        return replace(self, values=self.values[rows])

    def levels(self) -> Floats:
        """Return the distinct values, ascending."""
        return np.unique(self.values[~np.isnan(self.values)])

    def coordinate(self, values: Floats) -> Floats:
        """Return where values lie on the regression's scale."""
        return np.log(values) if self.scale == "log" else values

    def value(self, coordinate: float) -> float | None:
        """Return the value at a coordinate, None where it is outside a float's range."""
        if self.scale == "log":
            return exponential(coordinate)
        return float(coordinate) if np.isfinite(coordinate) else None

    def plain(self, value: float) -> float | int:
        """Return a level as the field has it: an integer where the field is one."""
        return int(value) if self.whole else float(value)

    def document(self) -> dict[str, Any]:
        """Return the axis as the answer shows it."""
        return {"name": self.name, "scale": self.scale, "values": [self.plain(v) for v in self.levels()]}


def axis(table: pa.Table, name: str, parameter: str) -> Axis:
    """Read an axis.

    Raises:
        UnknownField: no numeric field of the configuration has this name.
    """
    fields = set(columns.fields(table))
    known = [field for field in columns.predictors(table) if field in fields]
    if name not in known:
        raise UnknownField(name, known, parameter)
    values = columns.floats(table, name)
    positive = bool((values[~np.isnan(values)] > 0).all())
    return Axis(name, values, pa.types.is_integer(table.column(name).type), "log" if positive else "linear")
