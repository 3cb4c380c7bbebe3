"""The columns of a sheet as arrays, and every cell that is not what its column takes, by row and column."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies.documents import MOST, FieldProblem, show
from grokscale.studies.imports.errors import cell
from grokscale.studies.imports.reading import Sheet

Floats = NDArray[np.float64]
Words = NDArray[np.object_]
Rows = NDArray[np.bool_]


class Cells:
    """A sheet that is being read; `problems` grows up to one more than is told.

    Args:
        sheet: the columns.
    """

    def __init__(self, sheet: Sheet) -> None:
        self._loose = sheet.loose
        self.table = sheet.table
        self.names = sheet.table.column_names
        self.rows = len(sheet.table)
        self.problems: list[FieldProblem] = []
        self._refused: set[tuple[int, str]] = set()

    @property
    def metadata(self) -> dict[bytes, bytes]:
        """What the file says of itself."""
        return dict(self.table.schema.metadata or {})

    def has(self, *names: str) -> bool:
        """Whether the sheet has all of these columns."""
        return {*names} <= {*self.names}

    def column(self, name: str) -> pa.ChunkedArray:
        """Return a column as it is."""
        return self.table.column(name)

    def refuse(self, rows: Rows, column: str, message: str) -> None:
        """Note that what stands in some rows of a column is refused; `{}` in the message is the value.

        A cell is refused once, for the first reason there is.
        """
        for row in np.flatnonzero(rows).tolist():
            if len(self.problems) > MOST:
                return
            if (row, column) in self._refused:
                continue
            self._refused.add((row, column))
            value = self.column(column)[row].as_py() if column in self.names else None
            self.problems.append(cell(row, column, message.format("missing" if value is None else show(value))))

    def numbers(self, name: str) -> Floats:
        """Return a column of numbers, shape (rows,), nan where a cell or the column is missing or refused."""
        if name not in self.names:
            return np.full(self.rows, np.nan)
        column = self.column(name)
        if pa.types.is_string(column.type):
            values = np.array([self._number(text) for text in column.to_pylist()], dtype=float)
        else:
            values = column.cast(pa.float64(), safe=False).to_numpy().astype(float)
        given = column.is_valid().to_numpy()
        bad = given & ~np.isfinite(values)
        self.refuse(bad, name, "{} is refused; accepted: a finite number")
        return np.where(bad, np.nan, values)

    def within(self, name: str, low: float, high: float, *, whole: bool) -> Floats:
        """Return a column of numbers from `low` to `high`, nan where a cell is missing or refused."""
        values = self.numbers(name)
        bad = (values < low) | (values > high)
        if whole:
            bad |= np.isfinite(values) & (values != np.round(values))
        kind = "a whole number" if whole else "a number"
        self.refuse(bad, name, f"{{}} is refused; accepted: {kind} from {low:.0f} to {high:.0f}")
        return np.where(bad, np.nan, values)

    def words(self, name: str, accepted: Sequence[str]) -> Words:
        """Return a column of words, empty where a cell or the column is missing or refused."""
        values = self.texts(name)
        known = np.isin(values, ["", *accepted])
        self.refuse(~known, name, f"{{}} is refused; accepted: {', '.join(accepted)}")
        return np.where(known, values, "").astype(object)

    def texts(self, name: str) -> Words:
        """Return a column as texts, empty where a cell or the column is missing."""
        if name not in self.names:
            return np.full(self.rows, "", dtype=object)
        return np.array([_written(value) for value in self.column(name).to_pylist()], dtype=object)

    def _number(self, text: str | None) -> float:
        if text is None or not self._loose:
            return math.nan
        try:
            return float(text)
        except ValueError:
            return math.nan


def _written(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
